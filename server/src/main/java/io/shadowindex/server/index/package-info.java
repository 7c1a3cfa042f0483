/**
 * Everything that touches index files: where they lie, the live link, and the manifest that a
 * complete generation is held against.
 *
 * <p>All writing goes through {@link io.shadowindex.server.index.FileOperations}, so that a test
 * can make any of it fail.
 */
@NullMarked
package io.shadowindex.server.index;

import org.jspecify.annotations.NullMarked;
