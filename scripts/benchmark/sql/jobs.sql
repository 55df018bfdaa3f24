-- What the jobs that are measured leave behind: each has its number once.
CREATE TABLE bench.effects (number integer NOT NULL, begun double precision NOT NULL);
