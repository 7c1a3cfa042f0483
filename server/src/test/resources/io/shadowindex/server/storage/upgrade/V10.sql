update shadow_index set started_by = 'indexer';
