/**
 * Watching builds: one thread follows the log and hands every event to those who watch its build;
 * each watcher has a small bounded queue and reads from the log itself what did not fit.
 */
@NullMarked
package io.shadowindex.server.watch;

import org.jspecify.annotations.NullMarked;
