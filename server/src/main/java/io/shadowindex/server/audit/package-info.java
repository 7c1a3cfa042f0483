/**
 * Who changed what, or tried to: one entry for each call that changes something.
 *
 * <p>The store writes an entry in the transaction of the call's first effect, so that there is no
 * effect without one; {@link io.shadowindex.server.audit.AuditLog} completes it after the call, and
 * writes those of refused calls, off the path that callers wait on.
 */
@NullMarked
package io.shadowindex.server.audit;

import org.jspecify.annotations.NullMarked;
