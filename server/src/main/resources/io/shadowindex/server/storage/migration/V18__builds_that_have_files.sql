-- Retention asks for builds that have their files, of which there are few, of all or of one index: without these it read
-- every build that there has ever been, once for each whose files go.
drop index shadow_index_by_retain_until;
create index shadow_index_by_files on shadow_index (files_deleted_at, retain_until);
create index shadow_index_with_files on shadow_index (branch_name, index_type, index_name, files_deleted_at);
