/** Tests of the package of the same name. */
@NullMarked
package io.shadowindex.server.watch;

import org.jspecify.annotations.NullMarked;
