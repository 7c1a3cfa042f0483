/**
 * Replacing the live generation of an index: validate, stage, intend, flip, verify, commit, and
 * what to do when any of that fails or the process dies in between.
 *
 * <p>From the intention on, the journal says that a switch is under way and the live link says how
 * far it came. {@link io.shadowindex.server.switchover.SwitchConclusion} decides from these two
 * what happens next, in a running switch and at recovery alike.
 */
@NullMarked
package io.shadowindex.server.switchover;

import org.jspecify.annotations.NullMarked;
