update shadow_index set probe_queries = array['title:shadow'] where branch_name = 'active';
