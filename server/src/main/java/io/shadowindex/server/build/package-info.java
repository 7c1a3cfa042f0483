/**
 * The lifecycle of builds: the states and the one table of which may follow which, the calls that
 * move a build from one to the next, and the port to the store that keeps them.
 */
@NullMarked
package io.shadowindex.server.build;

import org.jspecify.annotations.NullMarked;
