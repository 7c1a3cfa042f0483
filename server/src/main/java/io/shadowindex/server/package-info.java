/** The server as a whole: how its parts are put together, started and stopped. */
@NullMarked
package io.shadowindex.server;

import org.jspecify.annotations.NullMarked;
