-- What a switch to the build tries out on it; null, as in builds from before this column, is nothing.
alter table shadow_index add column probe_queries varchar array;
