/**
 * Calls that may be repeated: the same request has at most one effect and gets the first answer
 * again, whatever is lost or killed in between.
 *
 * <p>The {@link io.shadowindex.server.request.Mutation} under way travels with its thread. The
 * store writes its request id in the transaction of its first effect; {@link
 * io.shadowindex.server.request.Requests} keeps the answer and gives it again. docs/decisions/0016
 * says why so.
 */
@NullMarked
package io.shadowindex.server.request;

import org.jspecify.annotations.NullMarked;
