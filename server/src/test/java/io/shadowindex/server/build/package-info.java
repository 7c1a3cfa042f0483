/** Tests of the package of the same name. */
@NullMarked
package io.shadowindex.server.build;

import org.jspecify.annotations.NullMarked;
