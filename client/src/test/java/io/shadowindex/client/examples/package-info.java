/** The examples of the library's Javadoc and of the pages in {@code docs}; tests run them. */
@NullMarked
package io.shadowindex.client.examples;

import org.jspecify.annotations.NullMarked;
