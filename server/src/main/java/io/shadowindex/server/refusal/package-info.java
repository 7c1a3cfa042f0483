/**
 * Why the domain refuses a call: one sealed family of records that knows nothing of gRPC, thrown as
 * {@link io.shadowindex.server.refusal.RefusedException}. The edge turns each into a status and a
 * documented reason, in one place.
 */
@NullMarked
package io.shadowindex.server.refusal;

import org.jspecify.annotations.NullMarked;
