/** What the server promises, proven against real servers, real files and real sockets. */
@NullMarked
package io.shadowindex.server;

import org.jspecify.annotations.NullMarked;
