update held_lock set acquired_by = 'alice' where owner = 'alice';
