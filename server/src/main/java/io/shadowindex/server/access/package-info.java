/**
 * Who may do what: the file that says which token or certificate is whose, and the role and the
 * branches of each {@link io.shadowindex.server.access.Principal}. docs/security.md is for
 * operators, docs/decisions/0029 says why so.
 */
@NullMarked
package io.shadowindex.server.access;

import org.jspecify.annotations.NullMarked;
