/**
 * Locks on what developers write to: branches, resource types and single resources.
 *
 * <p>A {@link io.shadowindex.server.lock.LockName} says what is locked, a {@link
 * io.shadowindex.server.lock.Lease} who holds it until when. Whether a lock is free is decided in
 * the store alone, in one transaction and by the database's clock; the {@link
 * io.shadowindex.server.lock.LockQueue} only decides who asks next. So an expired lease is in
 * nobody's way, whether or not somebody has swept it yet, and a lost wake-up could cost time but
 * never exclusion. Switches take the same locks, in the transaction that opens their journal.
 */
@NullMarked
package io.shadowindex.server.lock;

import org.jspecify.annotations.NullMarked;
