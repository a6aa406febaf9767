-- Tables that are distributed together name the repository by one type. In a
-- database that MnemoLite made the column stays as it is.
DO $$
BEGIN
    IF (SELECT indnkeyatts = 2 FROM pg_index WHERE indrelid = 'nodes'::regclass AND indisprimary) THEN
        ALTER TABLE indexing_errors ALTER COLUMN repository TYPE text;
    END IF;
END
$$;
