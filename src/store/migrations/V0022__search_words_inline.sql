-- The words of a chunk stay in its row where they fit: a search reads those of
-- thousands of chunks, and out of line each is a look-up of its own. Rows that
-- stand are rewritten as their files are. A server that does not know the
-- command, or not for a table that is spread over machines, goes on without.
DO $$
BEGIN
    ALTER TABLE code_chunks ALTER COLUMN search_words SET STORAGE MAIN;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'search_words keeps its storage';
END $$;
