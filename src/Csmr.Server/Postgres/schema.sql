-- Membership of a cluster's silos, for the queries of Microsoft.Orleans.Clustering.AdoNet 10.4: it reads its statements
-- from OrleansQuery and knows the names of their parameters and columns, nothing else. Everything here may be run again
-- at any time. A silo's row and the cluster's version change in one statement, by comparison of the version.

CREATE TABLE IF NOT EXISTS membership_version (
    deployment text PRIMARY KEY,
    version int NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS membership_silo (
    deployment text NOT NULL REFERENCES membership_version (deployment) ON DELETE CASCADE,
    address text NOT NULL,
    port int NOT NULL,
    generation int NOT NULL,
    name text NOT NULL,
    host_name text NOT NULL,
    status int NOT NULL,
    proxy_port int NOT NULL,
    suspect_times text,
    start_time timestamptz NOT NULL,
    alive_time timestamptz NOT NULL,
    PRIMARY KEY (deployment, address, port, generation)
);

CREATE TABLE IF NOT EXISTS OrleansQuery (
    QueryKey text PRIMARY KEY,
    QueryText text NOT NULL
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES
('InsertMembershipVersionKey', $q$
    WITH added AS (
        INSERT INTO membership_version (deployment) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM added)
$q$),
('InsertMembershipKey', $q$
    WITH moved AS (
        UPDATE membership_version SET version = version + 1, changed_at = now()
        WHERE deployment = @DeploymentId AND version = @Version AND NOT EXISTS (
            SELECT 1 FROM membership_silo
            WHERE deployment = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING deployment),
    added AS (
        INSERT INTO membership_silo
            (deployment, address, port, generation, name, host_name, status, proxy_port, start_time, alive_time)
        SELECT deployment, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
        FROM moved
        RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM added)
$q$),
('UpdateMembershipKey', $q$
    WITH moved AS (
        UPDATE membership_version SET version = version + 1, changed_at = now()
        WHERE deployment = @DeploymentId AND version = @Version AND EXISTS (
            SELECT 1 FROM membership_silo
            WHERE deployment = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING deployment),
    changed AS (
        UPDATE membership_silo AS silo SET status = @Status, suspect_times = @SuspectTimes, alive_time = @IAmAliveTime
        FROM moved
        WHERE silo.deployment = moved.deployment AND silo.address = @Address AND silo.port = @Port AND silo.generation = @Generation
        RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM changed)
$q$),
('UpdateIAmAlivetimeKey', $q$
    UPDATE membership_silo SET alive_time = @IAmAliveTime
    WHERE deployment = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$q$),
('MembershipReadRowKey', $q$
    SELECT v.version AS Version, s.address AS Address, s.port AS Port, s.generation AS Generation, s.name AS SiloName,
        s.host_name AS HostName, s.status AS Status, s.proxy_port AS ProxyPort, s.suspect_times AS SuspectTimes,
        s.start_time AS StartTime, s.alive_time AS IAmAliveTime
    FROM membership_version v
    LEFT JOIN membership_silo s
        ON s.deployment = v.deployment AND s.address = @Address AND s.port = @Port AND s.generation = @Generation
    WHERE v.deployment = @DeploymentId
$q$),
('MembershipReadAllKey', $q$
    SELECT v.version AS Version, s.address AS Address, s.port AS Port, s.generation AS Generation, s.name AS SiloName,
        s.host_name AS HostName, s.status AS Status, s.proxy_port AS ProxyPort, s.suspect_times AS SuspectTimes,
        s.start_time AS StartTime, s.alive_time AS IAmAliveTime
    FROM membership_version v
    LEFT JOIN membership_silo s ON s.deployment = v.deployment
    WHERE v.deployment = @DeploymentId
$q$),
('DeleteMembershipTableEntriesKey', $q$
    DELETE FROM membership_version WHERE deployment = @DeploymentId
$q$),
('CleanupDefunctSiloEntriesKey', $q$
    DELETE FROM membership_silo
    WHERE deployment = @DeploymentId AND alive_time < @IAmAliveTime AND status = 6 -- Dead
$q$),
('GatewaysQueryKey', $q$
    SELECT address AS Address, proxy_port AS ProxyPort, generation AS Generation
    FROM membership_silo
    WHERE deployment = @DeploymentId AND status = @Status AND proxy_port > 0
$q$)
ON CONFLICT (QueryKey) DO UPDATE SET QueryText = EXCLUDED.QueryText WHERE OrleansQuery.QueryText <> EXCLUDED.QueryText;
