-- Tables and rows as version 1 left them. It stays as it is.
-- sqlite
CREATE TABLE callboard_team_activity (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	api_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	user_id VARCHAR NOT NULL, 
	username VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	number_key VARCHAR NOT NULL, 
	call_id VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	FOREIGN KEY(api_id) REFERENCES callboard_team_apis (id)
);
INSERT INTO "callboard_team_activity" VALUES(1,1,1795424400000,'id-ann','ann','named','33189393946','','');
INSERT INTO "callboard_team_activity" VALUES(3,1,1795424400000,'id-ben','ben','taken','33189393946','','');
INSERT INTO "callboard_team_activity" VALUES(4,2,1795424400000,'id-ann','ann','named','34911234567','','');
CREATE TABLE callboard_team_apis (
	id INTEGER NOT NULL, 
	url VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (url)
);
INSERT INTO "callboard_team_apis" VALUES(1,'https://api.example');
INSERT INTO "callboard_team_apis" VALUES(2,'https://other.example');
CREATE TABLE callboard_team_claims (
	api_id INTEGER NOT NULL, 
	number_key VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	username VARCHAR NOT NULL, 
	taken_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	PRIMARY KEY (api_id, number_key), 
	FOREIGN KEY(api_id) REFERENCES callboard_team_apis (id)
);
INSERT INTO "callboard_team_claims" VALUES(1,'33189393946','id-ben','ben',1795424400000,1795426200000);
CREATE TABLE callboard_team_entries (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	api_id INTEGER NOT NULL, 
	version BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	company VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	words VARCHAR NOT NULL, 
	updated_at BIGINT NOT NULL, 
	updated_by VARCHAR NOT NULL, 
	FOREIGN KEY(api_id) REFERENCES callboard_team_apis (id)
);
INSERT INTO "callboard_team_entries" VALUES(1,1,1,'Marie O''Neill; Zoé','Société 50 %','line','marie o''neill; zoe
societe 50 %',1795424400000,'ann');
INSERT INTO "callboard_team_entries" VALUES(2,2,1,'Of another API','','caller','of another api
',1795424400000,'ann');
CREATE TABLE callboard_team_numbers (
	api_id INTEGER NOT NULL, 
	number_key VARCHAR NOT NULL, 
	number VARCHAR NOT NULL, 
	entry_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY (api_id, number_key), 
	FOREIGN KEY(api_id) REFERENCES callboard_team_apis (id), 
	FOREIGN KEY(entry_id) REFERENCES callboard_team_entries (id)
);
INSERT INTO "callboard_team_numbers" VALUES(1,'33189393946','+33189393946',1,0);
INSERT INTO "callboard_team_numbers" VALUES(1,'612345678','0612345678',1,1);
INSERT INTO "callboard_team_numbers" VALUES(2,'34911234567','+34911234567',2,0);
CREATE TABLE callboard_team_revisions (
	api_id INTEGER NOT NULL, 
	topic VARCHAR NOT NULL, 
	revision BIGINT NOT NULL, 
	PRIMARY KEY (api_id, topic), 
	FOREIGN KEY(api_id) REFERENCES callboard_team_apis (id)
);
INSERT INTO "callboard_team_revisions" VALUES(1,'directory',1);
INSERT INTO "callboard_team_revisions" VALUES(1,'claims',1);
INSERT INTO "callboard_team_revisions" VALUES(2,'directory',1);
INSERT INTO "callboard_team_revisions" VALUES(2,'claims',0);
CREATE TABLE callboard_team_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT callboard_team_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "callboard_team_version" VALUES('1');
CREATE INDEX callboard_team_entries_words ON callboard_team_entries (api_id, words, id);
CREATE INDEX callboard_team_numbers_entry ON callboard_team_numbers (entry_id);
CREATE INDEX callboard_team_activity_number ON callboard_team_activity (api_id, number_key, id);
CREATE INDEX callboard_team_activity_call ON callboard_team_activity (api_id, call_id, id);
CREATE INDEX callboard_team_activity_at ON callboard_team_activity (at);
CREATE INDEX callboard_team_activity_api ON callboard_team_activity (api_id, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('callboard_team_entries',2);
INSERT INTO "sqlite_sequence" VALUES('callboard_team_activity',4);
-- postgresql
CREATE TABLE public.callboard_team_activity (
    id bigint NOT NULL,
    api_id bigint NOT NULL,
    at bigint NOT NULL,
    user_id character varying NOT NULL COLLATE pg_catalog."C",
    username character varying NOT NULL COLLATE pg_catalog."C",
    action character varying NOT NULL COLLATE pg_catalog."C",
    number_key character varying NOT NULL COLLATE pg_catalog."C",
    call_id character varying NOT NULL COLLATE pg_catalog."C",
    detail character varying NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.callboard_team_activity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.callboard_team_activity_id_seq OWNED BY public.callboard_team_activity.id;
CREATE TABLE public.callboard_team_apis (
    id bigint NOT NULL,
    url character varying NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.callboard_team_apis_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.callboard_team_apis_id_seq OWNED BY public.callboard_team_apis.id;
CREATE TABLE public.callboard_team_claims (
    api_id bigint NOT NULL,
    number_key character varying NOT NULL COLLATE pg_catalog."C",
    user_id character varying NOT NULL COLLATE pg_catalog."C",
    username character varying NOT NULL COLLATE pg_catalog."C",
    taken_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.callboard_team_entries (
    id bigint NOT NULL,
    api_id bigint NOT NULL,
    version bigint NOT NULL,
    name character varying NOT NULL COLLATE pg_catalog."C",
    company character varying NOT NULL COLLATE pg_catalog."C",
    kind character varying NOT NULL COLLATE pg_catalog."C",
    words character varying NOT NULL COLLATE pg_catalog."C",
    updated_at bigint NOT NULL,
    updated_by character varying NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.callboard_team_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.callboard_team_entries_id_seq OWNED BY public.callboard_team_entries.id;
CREATE TABLE public.callboard_team_numbers (
    api_id bigint NOT NULL,
    number_key character varying NOT NULL COLLATE pg_catalog."C",
    number character varying NOT NULL COLLATE pg_catalog."C",
    entry_id bigint NOT NULL,
    "position" integer NOT NULL
);
CREATE TABLE public.callboard_team_revisions (
    api_id bigint NOT NULL,
    topic character varying NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL
);
CREATE TABLE public.callboard_team_version (
    version_num character varying(32) NOT NULL
);
ALTER TABLE ONLY public.callboard_team_activity ALTER COLUMN id SET DEFAULT nextval('public.callboard_team_activity_id_seq'::regclass);
ALTER TABLE ONLY public.callboard_team_apis ALTER COLUMN id SET DEFAULT nextval('public.callboard_team_apis_id_seq'::regclass);
ALTER TABLE ONLY public.callboard_team_entries ALTER COLUMN id SET DEFAULT nextval('public.callboard_team_entries_id_seq'::regclass);
INSERT INTO public.callboard_team_activity VALUES (1, 1, 1795424400000, 'id-ann', 'ann', 'named', '33189393946', '', '');
INSERT INTO public.callboard_team_activity VALUES (3, 1, 1795424400000, 'id-ben', 'ben', 'taken', '33189393946', '', '');
INSERT INTO public.callboard_team_activity VALUES (4, 2, 1795424400000, 'id-ann', 'ann', 'named', '34911234567', '', '');
INSERT INTO public.callboard_team_apis VALUES (1, 'https://api.example');
INSERT INTO public.callboard_team_apis VALUES (2, 'https://other.example');
INSERT INTO public.callboard_team_claims VALUES (1, '33189393946', 'id-ben', 'ben', 1795424400000, 1795426200000);
INSERT INTO public.callboard_team_entries VALUES (1, 1, 1, 'Marie O''Neill; Zoé', 'Société 50 %', 'line', 'marie o''neill; zoe
societe 50 %', 1795424400000, 'ann');
INSERT INTO public.callboard_team_entries VALUES (2, 2, 1, 'Of another API', '', 'caller', 'of another api
', 1795424400000, 'ann');
INSERT INTO public.callboard_team_numbers VALUES (1, '33189393946', '+33189393946', 1, 0);
INSERT INTO public.callboard_team_numbers VALUES (1, '612345678', '0612345678', 1, 1);
INSERT INTO public.callboard_team_numbers VALUES (2, '34911234567', '+34911234567', 2, 0);
INSERT INTO public.callboard_team_revisions VALUES (1, 'directory', 1);
INSERT INTO public.callboard_team_revisions VALUES (1, 'claims', 1);
INSERT INTO public.callboard_team_revisions VALUES (2, 'claims', 0);
INSERT INTO public.callboard_team_revisions VALUES (2, 'directory', 1);
INSERT INTO public.callboard_team_version VALUES ('1');
SELECT pg_catalog.setval('public.callboard_team_activity_id_seq', 4, true);
SELECT pg_catalog.setval('public.callboard_team_apis_id_seq', 2, true);
SELECT pg_catalog.setval('public.callboard_team_entries_id_seq', 2, true);
ALTER TABLE ONLY public.callboard_team_activity
    ADD CONSTRAINT callboard_team_activity_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.callboard_team_apis
    ADD CONSTRAINT callboard_team_apis_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.callboard_team_apis
    ADD CONSTRAINT callboard_team_apis_url_key UNIQUE (url);
ALTER TABLE ONLY public.callboard_team_claims
    ADD CONSTRAINT callboard_team_claims_pkey PRIMARY KEY (api_id, number_key);
ALTER TABLE ONLY public.callboard_team_entries
    ADD CONSTRAINT callboard_team_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.callboard_team_numbers
    ADD CONSTRAINT callboard_team_numbers_pkey PRIMARY KEY (api_id, number_key);
ALTER TABLE ONLY public.callboard_team_revisions
    ADD CONSTRAINT callboard_team_revisions_pkey PRIMARY KEY (api_id, topic);
ALTER TABLE ONLY public.callboard_team_version
    ADD CONSTRAINT callboard_team_version_pkc PRIMARY KEY (version_num);
CREATE INDEX callboard_team_activity_api ON public.callboard_team_activity USING btree (api_id, id);
CREATE INDEX callboard_team_activity_at ON public.callboard_team_activity USING btree (at);
CREATE INDEX callboard_team_activity_call ON public.callboard_team_activity USING btree (api_id, call_id, id);
CREATE INDEX callboard_team_activity_number ON public.callboard_team_activity USING btree (api_id, number_key, id);
CREATE INDEX callboard_team_entries_words ON public.callboard_team_entries USING btree (api_id, words, id);
CREATE INDEX callboard_team_numbers_entry ON public.callboard_team_numbers USING btree (entry_id);
ALTER TABLE ONLY public.callboard_team_activity
    ADD CONSTRAINT callboard_team_activity_api_id_fkey FOREIGN KEY (api_id) REFERENCES public.callboard_team_apis(id);
ALTER TABLE ONLY public.callboard_team_claims
    ADD CONSTRAINT callboard_team_claims_api_id_fkey FOREIGN KEY (api_id) REFERENCES public.callboard_team_apis(id);
ALTER TABLE ONLY public.callboard_team_entries
    ADD CONSTRAINT callboard_team_entries_api_id_fkey FOREIGN KEY (api_id) REFERENCES public.callboard_team_apis(id);
ALTER TABLE ONLY public.callboard_team_numbers
    ADD CONSTRAINT callboard_team_numbers_api_id_fkey FOREIGN KEY (api_id) REFERENCES public.callboard_team_apis(id);
ALTER TABLE ONLY public.callboard_team_numbers
    ADD CONSTRAINT callboard_team_numbers_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES public.callboard_team_entries(id);
ALTER TABLE ONLY public.callboard_team_revisions
    ADD CONSTRAINT callboard_team_revisions_api_id_fkey FOREIGN KEY (api_id) REFERENCES public.callboard_team_apis(id);
