/** Backups of the state; what only those need who run the server. */
@NullMarked
package io.shadowindex.server.backup;

import org.jspecify.annotations.NullMarked;
