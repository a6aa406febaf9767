-- What each run made its files from: a digest by ingredient, so that it can be
-- said what is another than last time, and the recipe by language.
ALTER TABLE runs ADD COLUMN ingredients jsonb, ADD COLUMN recipes jsonb;
