/** Tests of the package of the same name. */
@NullMarked
package io.shadowindex.server.switchover;

import org.jspecify.annotations.NullMarked;
