package io.shadowindex.server.index;

import java.util.UUID;

/** A complete build as something that a live link can lead to; the strategy says where it lies. */
public record Generation(UUID id, SwitchStrategy strategy) {}
