/** Tests of the package of the same name. */
@NullMarked
package io.shadowindex.server.index;

import org.jspecify.annotations.NullMarked;
