/**
 * {@code shadowctl}, the command line of ShadowIndex: {@link io.shadowindex.client.cli.ShadowCtl}
 * holds what all commands share, and each command is a class of its own. Needs the optional
 * dependencies of this module.
 */
@NullMarked
package io.shadowindex.client.cli;

import org.jspecify.annotations.NullMarked;
