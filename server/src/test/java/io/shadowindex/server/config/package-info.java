/** Tests of the package of the same name. */
@NullMarked
package io.shadowindex.server.config;

import org.jspecify.annotations.NullMarked;
