/**
 * The edge: the only package that knows of gRPC and of the generated messages. A call is mapped,
 * handed to one domain object, and its answer mapped back; refusals become statuses in one place.
 */
@NullMarked
package io.shadowindex.server.grpc;

import org.jspecify.annotations.NullMarked;
