/** A real server and real files for the tests of the client. */
@NullMarked
package io.shadowindex.client.testing;

import org.jspecify.annotations.NullMarked;
