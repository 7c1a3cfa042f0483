package io.shadowindex.server.build;

/**
 * How many builds may be unfinished at a time; each keeps a directory and, often, a worker.
 *
 * @param total in all branches together
 * @param perBranch in one branch
 */
public record BuildLimits(int total, int perBranch) {

  public static final BuildLimits NONE = new BuildLimits(Integer.MAX_VALUE, Integer.MAX_VALUE);
}
