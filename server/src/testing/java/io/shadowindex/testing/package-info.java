/** What the tests of more than one module share: a source folder that each of them compiles. */
@NullMarked
package io.shadowindex.testing;

import org.jspecify.annotations.NullMarked;
