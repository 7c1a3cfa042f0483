/** Tests of locks: the queue, the manager and the proofs of mutual exclusion. */
@NullMarked
package io.shadowindex.server.lock;

import org.jspecify.annotations.NullMarked;
