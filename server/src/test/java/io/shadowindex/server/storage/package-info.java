/** Tests of the package of the same name. */
@NullMarked
package io.shadowindex.server.storage;

import org.jspecify.annotations.NullMarked;
