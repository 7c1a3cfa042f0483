/** Tests of the package of the same name. */
@NullMarked
package io.shadowindex.server.grpc;

import org.jspecify.annotations.NullMarked;
