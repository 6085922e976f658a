// Written by `npm run docs` from the routes of the HTTP API: do not edit.

export interface Api {
  readonly "GET /clients": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; readonly "state"?: "connected" | "away" | "provisioned"; readonly "user"?: string; readonly "address"?: string; readonly "prefix"?: string; readonly "idleSinceMs"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "clientId": string | null; readonly "state": "connected" | "away" | "provisioned"; readonly "user": string | null; readonly "address": string | null; readonly "protocol": "3.1" | "3.1.1" | "5.0" | null; readonly "connectedAtMs": number | null; readonly "disconnectedAtMs": number | null; readonly "expiresAtMs": number | null; })[]; readonly "next": string | null; };
  };
  readonly "GET /clients/{clientId}": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "clientId": string | null; readonly "state": "connected" | "away" | "provisioned"; readonly "user": string | null; readonly "address": string | null; readonly "protocol": "3.1" | "3.1.1" | "5.0" | null; readonly "connectedAtMs": number | null; readonly "disconnectedAtMs": number | null; readonly "expiresAtMs": number | null; readonly "expirySeconds": number | null; readonly "connection": { readonly "keepAliveSeconds": number; readonly "receiveMaximum": number; readonly "maximumPacketBytes": number; readonly "topicAliasMaximum": number; } | null; readonly "limits": { readonly "queueMessagesMax": number; readonly "queueBytesMax": number; readonly "queuePolicy": string; readonly "inflightMax": number; readonly "subscriptionsMax": number; readonly "receiveMaximum": number; readonly "maximumPacketBytes": number; }; readonly "subscriptions": number; readonly "queue": { readonly "messages": number; readonly "bytes": number; readonly "inflight": number; readonly "leased": number; }; readonly "inboundQos2": number; readonly "hasWill": boolean; readonly "dueWills": number; readonly "drops": Readonly<Record<string, number>>; readonly "recent": readonly ({ readonly "atMs": number; readonly "event": "drop" | "refusal"; readonly "reason": string; readonly "detail": string; })[]; };
  };
  readonly "POST /clients/{clientId}/kick": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "wasConnected": boolean; };
  };
  readonly "POST /kick": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: { readonly "state"?: "connected" | "away" | "provisioned"; readonly "user"?: string; readonly "address"?: string; readonly "prefix"?: string; readonly "idleSinceMs"?: number; };
    readonly answer: { readonly "kicked": number; readonly "next": string | null; };
  };
  readonly "DELETE /sessions/{clientId}": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "PUT /sessions/{clientId}": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "expirySeconds"?: number | null; readonly "subscriptions"?: readonly ({ readonly "filter": string; readonly "qos"?: 0 | 1 | 2; readonly "noLocal"?: boolean; readonly "retainAsPublished"?: boolean; readonly "retainHandling"?: 0 | 1 | 2; })[]; readonly "limits"?: { readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "queuePolicy"?: "reject" | "drop-oldest" | "drop-newest"; readonly "inflightMax"?: number; readonly "subscriptionsMax"?: number; readonly "sessionExpirySecondsMax"?: number; }; readonly "locationHint"?: "wnam" | "enam" | "sam" | "weur" | "eeur" | "apac" | "apac-ne" | "apac-se" | "oc" | "afr" | "me"; };
    readonly answer: { readonly "clientId": string; readonly "created": boolean; readonly "subscriptions": readonly ({ readonly "filter": string; readonly "qos": 0 | 1 | 2 | null; readonly "reason": string; })[]; };
  };
  readonly "GET /sessions/{clientId}/queue": {
    readonly path: { readonly "clientId": string; };
    readonly query: { readonly "after"?: string; readonly "limit"?: number; readonly "payload"?: "none" | "base64"; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "position": number; readonly "state": "waiting" | "sent" | "released" | "leased"; readonly "topic": string; readonly "qos": 0 | 1 | 2; readonly "retain": boolean; readonly "payloadBytes": number; readonly "queuedAtMs": number | null; readonly "expiresAtMs": number | null; readonly "mayBeKnown": boolean; readonly "packetId": number | null; readonly "leasedUntilMs": number | null; readonly "deliveries": number; readonly "payload": string | null; })[]; readonly "next": string | null; };
  };
  readonly "DELETE /sessions/{clientId}/queue": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "purged": number; readonly "left": number; };
  };
  readonly "POST /sessions": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: readonly ({ readonly "clientId": string; readonly "expirySeconds"?: number | null; readonly "subscriptions"?: readonly ({ readonly "filter": string; readonly "qos"?: 0 | 1 | 2; readonly "noLocal"?: boolean; readonly "retainAsPublished"?: boolean; readonly "retainHandling"?: 0 | 1 | 2; })[]; readonly "limits"?: { readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "queuePolicy"?: "reject" | "drop-oldest" | "drop-newest"; readonly "inflightMax"?: number; readonly "subscriptionsMax"?: number; readonly "sessionExpirySecondsMax"?: number; }; readonly "locationHint"?: "wnam" | "enam" | "sam" | "weur" | "eeur" | "apac" | "apac-ne" | "apac-se" | "oc" | "afr" | "me"; })[];
    readonly answer: undefined;
  };
  readonly "GET /templates": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "name": string; readonly "position": number; readonly "pattern": string; readonly "subscriptions": readonly ({ readonly "filter": string; readonly "qos": 0 | 1 | 2; readonly "noLocal": boolean; readonly "retainAsPublished": boolean; readonly "retainHandling": 0 | 1 | 2; })[]; readonly "limits": { readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "queuePolicy"?: "reject" | "drop-oldest" | "drop-newest"; readonly "inflightMax"?: number; readonly "subscriptionsMax"?: number; readonly "sessionExpirySecondsMax"?: number; }; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; })[]; readonly "next": string | null; };
  };
  readonly "GET /templates/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "name": string; readonly "position": number; readonly "pattern": string; readonly "subscriptions": readonly ({ readonly "filter": string; readonly "qos": 0 | 1 | 2; readonly "noLocal": boolean; readonly "retainAsPublished": boolean; readonly "retainHandling": 0 | 1 | 2; })[]; readonly "limits": { readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "queuePolicy"?: "reject" | "drop-oldest" | "drop-newest"; readonly "inflightMax"?: number; readonly "subscriptionsMax"?: number; readonly "sessionExpirySecondsMax"?: number; }; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "PUT /templates/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "position"?: number; readonly "pattern": string; readonly "subscriptions"?: readonly ({ readonly "filter": string; readonly "qos"?: 0 | 1 | 2; readonly "noLocal"?: boolean; readonly "retainAsPublished"?: boolean; readonly "retainHandling"?: 0 | 1 | 2; })[]; readonly "limits"?: { readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "queuePolicy"?: "reject" | "drop-oldest" | "drop-newest"; readonly "inflightMax"?: number; readonly "subscriptionsMax"?: number; readonly "sessionExpirySecondsMax"?: number; }; readonly "comment"?: string; };
    readonly answer: { readonly "name": string; readonly "position": number; readonly "pattern": string; readonly "subscriptions": readonly ({ readonly "filter": string; readonly "qos": 0 | 1 | 2; readonly "noLocal": boolean; readonly "retainAsPublished": boolean; readonly "retainHandling": 0 | 1 | 2; })[]; readonly "limits": { readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "queuePolicy"?: "reject" | "drop-oldest" | "drop-newest"; readonly "inflightMax"?: number; readonly "subscriptionsMax"?: number; readonly "sessionExpirySecondsMax"?: number; }; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "DELETE /templates/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /sessions/{clientId}/subscriptions": {
    readonly path: { readonly "clientId": string; };
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "filter": string; readonly "qos": 0 | 1 | 2; readonly "noLocal": boolean; readonly "retainAsPublished": boolean; readonly "identifier": number | null; })[]; readonly "next": string | null; };
  };
  readonly "POST /sessions/{clientId}/subscriptions": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "subscriptions": readonly ({ readonly "filter": string; readonly "qos"?: 0 | 1 | 2; readonly "noLocal"?: boolean; readonly "retainAsPublished"?: boolean; readonly "retainHandling"?: 0 | 1 | 2; })[]; readonly "identifier"?: number; };
    readonly answer: { readonly "subscriptions": readonly ({ readonly "filter": string; readonly "qos": 0 | 1 | 2 | null; readonly "reason": string; })[]; };
  };
  readonly "DELETE /sessions/{clientId}/subscriptions": {
    readonly path: { readonly "clientId": string; };
    readonly query: { readonly "filter": string; };
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "POST /sessions/{clientId}/pull": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "messagesMax"?: number; readonly "bytesMax"?: number; readonly "visibilitySeconds"?: number; readonly "waitSeconds"?: number; };
    readonly answer: { readonly "messages": readonly ({ readonly "topic": string; readonly "payload": string; readonly "encoding": "text" | "base64"; readonly "payloadBytes": number; readonly "qos": 0 | 1 | 2; readonly "retain": boolean; readonly "expiresAtMs": number | null; readonly "properties": { readonly "payloadFormatIndicator"?: 0 | 1; readonly "messageExpirySeconds"?: number; readonly "contentType"?: string; readonly "responseTopic"?: string; readonly "correlationData"?: string; readonly "userProperties"?: readonly ({ readonly "name": string; readonly "value": string; })[]; }; readonly "handle": string; readonly "queuedAtMs": number | null; readonly "deliveries": number; readonly "redelivered": boolean; readonly "subscriptionIdentifiers": readonly (number)[]; })[]; readonly "leasedUntilMs": number | null; readonly "depth": number; };
  };
  readonly "POST /sessions/{clientId}/acknowledge": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "handles": readonly (string)[]; };
    readonly answer: { readonly "results": readonly ({ readonly "handle": string; readonly "status": "done" | "lost"; })[]; };
  };
  readonly "POST /sessions/{clientId}/return": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "handles": readonly (string)[]; readonly "seconds"?: number; };
    readonly answer: { readonly "results": readonly ({ readonly "handle": string; readonly "status": "done" | "lost"; })[]; };
  };
  readonly "POST /sessions/{clientId}/extend": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "handles": readonly (string)[]; readonly "seconds"?: number; };
    readonly answer: { readonly "results": readonly ({ readonly "handle": string; readonly "status": "done" | "lost"; })[]; };
  };
  readonly "POST /publish": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "topic": string; readonly "payload"?: string; readonly "encoding"?: "text" | "base64"; readonly "qos"?: 0 | 1 | 2; readonly "properties"?: { readonly "payloadFormatIndicator"?: 0 | 1; readonly "messageExpirySeconds"?: number; readonly "contentType"?: string; readonly "responseTopic"?: string; readonly "correlationData"?: string; readonly "userProperties"?: readonly ({ readonly "name": string; readonly "value": string; })[]; }; readonly "retain"?: boolean; readonly "delaySeconds"?: number; };
    readonly answer: { readonly "reached": number | null; readonly "retained": boolean; };
  };
  readonly "POST /publish/bulk": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: readonly ({ readonly "topic": string; readonly "payload"?: string; readonly "encoding"?: "text" | "base64"; readonly "qos"?: 0 | 1 | 2; readonly "properties"?: { readonly "payloadFormatIndicator"?: 0 | 1; readonly "messageExpirySeconds"?: number; readonly "contentType"?: string; readonly "responseTopic"?: string; readonly "correlationData"?: string; readonly "userProperties"?: readonly ({ readonly "name": string; readonly "value": string; })[]; }; readonly "retain"?: boolean; readonly "delaySeconds"?: number; })[];
    readonly answer: { readonly "published": number; readonly "refused": number; readonly "failed": number; readonly "results": readonly ({ readonly "status": "published" | "refused" | "failed"; readonly "reached"?: number | null; readonly "retained"?: boolean; readonly "reason"?: string; readonly "remedy"?: string; })[]; };
  };
  readonly "GET /retained": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; readonly "filter"?: string; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "topic": string; readonly "payload": string; readonly "encoding": "text" | "base64"; readonly "payloadBytes": number; readonly "qos": 0 | 1 | 2; readonly "retain": boolean; readonly "expiresAtMs": number | null; readonly "properties": { readonly "payloadFormatIndicator"?: 0 | 1; readonly "messageExpirySeconds"?: number; readonly "contentType"?: string; readonly "responseTopic"?: string; readonly "correlationData"?: string; readonly "userProperties"?: readonly ({ readonly "name": string; readonly "value": string; })[]; }; })[]; readonly "next": string | null; };
  };
  readonly "DELETE /retained": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; readonly "filter": string; };
    readonly body: undefined;
    readonly answer: { readonly "deleted": number; readonly "next": string | null; };
  };
  readonly "GET /retained/{topic}": {
    readonly path: { readonly "topic": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "topic": string; readonly "payload": string; readonly "encoding": "text" | "base64"; readonly "payloadBytes": number; readonly "qos": 0 | 1 | 2; readonly "retain": boolean; readonly "expiresAtMs": number | null; readonly "properties": { readonly "payloadFormatIndicator"?: 0 | 1; readonly "messageExpirySeconds"?: number; readonly "contentType"?: string; readonly "responseTopic"?: string; readonly "correlationData"?: string; readonly "userProperties"?: readonly ({ readonly "name": string; readonly "value": string; })[]; }; };
  };
  readonly "PUT /retained/{topic}": {
    readonly path: { readonly "topic": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "payload"?: string; readonly "encoding"?: "text" | "base64"; readonly "qos"?: 0 | 1 | 2; readonly "properties"?: { readonly "payloadFormatIndicator"?: 0 | 1; readonly "messageExpirySeconds"?: number; readonly "contentType"?: string; readonly "responseTopic"?: string; readonly "correlationData"?: string; readonly "userProperties"?: readonly ({ readonly "name": string; readonly "value": string; })[]; }; };
    readonly answer: undefined;
  };
  readonly "DELETE /retained/{topic}": {
    readonly path: { readonly "topic": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /tail": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "filter": string; readonly "retained"?: string; readonly "seconds"?: number; readonly "messages"?: number; };
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /subscriptions": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; readonly "filter"?: string; readonly "prefix"?: string; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "clientId": string | null; readonly "filter": string; readonly "qos": 0 | 1 | 2; readonly "noLocal": boolean; readonly "retainAsPublished": boolean; readonly "identifier": number | null; })[]; readonly "next": string | null; };
  };
  readonly "GET /sys": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "filter"?: string; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "topic": "$SYS/broker/version" | "$SYS/broker/uptime" | "$SYS/broker/clients/connected" | "$SYS/broker/clients/disconnected" | "$SYS/broker/clients/total" | "$SYS/broker/messages/received" | "$SYS/broker/messages/sent" | "$SYS/broker/bytes/received" | "$SYS/broker/bytes/sent" | "$SYS/broker/publish/messages/dropped" | "$SYS/broker/subscriptions/count" | "$SYS/broker/retained messages/count"; readonly "value": string; })[]; };
  };
  readonly "GET /traces": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "id": string; readonly "kind": "client" | "address" | "topic"; readonly "value": string; readonly "payload": boolean; readonly "createdAtMs": number; readonly "createdBy": string; readonly "untilMs": number; readonly "keptUntilMs": number; })[]; readonly "next": string | null; };
  };
  readonly "POST /traces": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "target": { readonly "kind": "client"; readonly "value": string; } | { readonly "kind": "address"; readonly "value": string; } | { readonly "kind": "topic"; readonly "value": string; }; readonly "seconds"?: number; readonly "payload"?: boolean; };
    readonly answer: { readonly "id": string; readonly "kind": "client" | "address" | "topic"; readonly "value": string; readonly "payload": boolean; readonly "createdAtMs": number; readonly "createdBy": string; readonly "untilMs": number; readonly "keptUntilMs": number; readonly "told": number; readonly "untold": number; };
  };
  readonly "GET /traces/{id}": {
    readonly path: { readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "id": string; readonly "kind": "client" | "address" | "topic"; readonly "value": string; readonly "payload": boolean; readonly "createdAtMs": number; readonly "createdBy": string; readonly "untilMs": number; readonly "keptUntilMs": number; readonly "ended": "time" | "stopped" | "full" | null; readonly "events": number; readonly "missed": number; };
  };
  readonly "DELETE /traces/{id}": {
    readonly path: { readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /traces/{id}/events": {
    readonly path: { readonly "id": string; };
    readonly query: { readonly "after"?: number; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "number": number; readonly "atMs": number; readonly "at": "edge" | "session" | "shard"; readonly "what": string; readonly "clientId"?: string; readonly "address"?: string; readonly "user"?: string; readonly "packet"?: string; readonly "packetId"?: number; readonly "topic"?: string; readonly "qos"?: 0 | 1 | 2; readonly "retain"?: boolean; readonly "dup"?: boolean; readonly "payloadBytes"?: number; readonly "payload"?: string; readonly "encoding"?: "text" | "base64"; readonly "filters"?: readonly (string)[]; readonly "reason"?: string; readonly "rule"?: string; readonly "detail"?: string; readonly "targets"?: number; readonly "sessions"?: readonly (string)[]; readonly "groups"?: readonly (string)[]; })[]; readonly "next": number | null; readonly "ended": "time" | "stopped" | "full" | null; readonly "events": number; readonly "missed": number; };
  };
  readonly "GET /traces/{id}/live": {
    readonly path: { readonly "id": string; };
    readonly query: { readonly "after"?: number; };
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "POST /traces/{id}/stop": {
    readonly path: { readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /users": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "name": string; readonly "hasPassword": boolean; readonly "groups": readonly (string)[]; readonly "disabled": boolean; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; })[]; readonly "next": string | null; };
  };
  readonly "POST /users": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "name": string; readonly "password"?: string | null; readonly "passwordHash"?: string; readonly "groups"?: readonly (string)[]; readonly "disabled"?: boolean; readonly "limits"?: Readonly<Record<string, number>>; readonly "comment"?: string; };
    readonly answer: { readonly "name": string; readonly "hasPassword": boolean; readonly "groups": readonly (string)[]; readonly "disabled": boolean; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "GET /users/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "name": string; readonly "hasPassword": boolean; readonly "groups": readonly (string)[]; readonly "disabled": boolean; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "PATCH /users/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "password"?: string | null; readonly "passwordHash"?: string; readonly "groups"?: readonly (string)[]; readonly "disabled"?: boolean; readonly "limits"?: Readonly<Record<string, number>>; readonly "comment"?: string; };
    readonly answer: { readonly "name": string; readonly "hasPassword": boolean; readonly "groups": readonly (string)[]; readonly "disabled": boolean; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "DELETE /users/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /users/{name}/keys": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "id": string; readonly "user": string; readonly "comment": string; readonly "expiresAtMs": number | null; readonly "createdAtMs": number; })[]; };
  };
  readonly "POST /users/{name}/keys": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "comment"?: string; readonly "expiresAtMs"?: number | null; };
    readonly answer: { readonly "id": string; readonly "user": string; readonly "comment": string; readonly "expiresAtMs": number | null; readonly "createdAtMs": number; readonly "key": string; };
  };
  readonly "DELETE /users/{name}/keys/{id}": {
    readonly path: { readonly "name": string; readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /groups": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "name": string; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; })[]; readonly "next": string | null; };
  };
  readonly "POST /groups": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "name": string; readonly "limits"?: Readonly<Record<string, number>>; readonly "comment"?: string; };
    readonly answer: { readonly "name": string; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "GET /groups/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "name": string; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "PATCH /groups/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "limits"?: Readonly<Record<string, number>>; readonly "comment"?: string; };
    readonly answer: { readonly "name": string; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "DELETE /groups/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /rules": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; readonly "subjectKind"?: "user" | "group" | "client" | "everyone"; readonly "subject"?: string; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "id": string; readonly "position": number; readonly "effect": "allow" | "deny"; readonly "action": "publish" | "subscribe" | "all"; readonly "subjectKind": "user" | "group" | "client" | "everyone"; readonly "subject": string; readonly "filter": string; readonly "qos"?: readonly (0 | 1 | 2)[]; readonly "retain"?: boolean; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; })[]; readonly "next": string | null; };
  };
  readonly "POST /rules": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "position"?: number; readonly "effect": "allow" | "deny"; readonly "action"?: "publish" | "subscribe" | "all"; readonly "subjectKind": "user" | "group" | "client" | "everyone"; readonly "subject"?: string; readonly "filter": string; readonly "qos"?: readonly (0 | 1 | 2)[]; readonly "retain"?: boolean; readonly "comment"?: string; };
    readonly answer: { readonly "id": string; readonly "position": number; readonly "effect": "allow" | "deny"; readonly "action": "publish" | "subscribe" | "all"; readonly "subjectKind": "user" | "group" | "client" | "everyone"; readonly "subject": string; readonly "filter": string; readonly "qos"?: readonly (0 | 1 | 2)[]; readonly "retain"?: boolean; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "GET /rules/{id}": {
    readonly path: { readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "id": string; readonly "position": number; readonly "effect": "allow" | "deny"; readonly "action": "publish" | "subscribe" | "all"; readonly "subjectKind": "user" | "group" | "client" | "everyone"; readonly "subject": string; readonly "filter": string; readonly "qos"?: readonly (0 | 1 | 2)[]; readonly "retain"?: boolean; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "PUT /rules/{id}": {
    readonly path: { readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "position"?: number; readonly "effect": "allow" | "deny"; readonly "action"?: "publish" | "subscribe" | "all"; readonly "subjectKind": "user" | "group" | "client" | "everyone"; readonly "subject"?: string; readonly "filter": string; readonly "qos"?: readonly (0 | 1 | 2)[]; readonly "retain"?: boolean; readonly "comment"?: string; };
    readonly answer: { readonly "id": string; readonly "position": number; readonly "effect": "allow" | "deny"; readonly "action": "publish" | "subscribe" | "all"; readonly "subjectKind": "user" | "group" | "client" | "everyone"; readonly "subject": string; readonly "filter": string; readonly "qos"?: readonly (0 | 1 | 2)[]; readonly "retain"?: boolean; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "DELETE /rules/{id}": {
    readonly path: { readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /bans": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "kind": "client" | "user" | "address"; readonly "value": string; readonly "untilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; })[]; readonly "next": string | null; };
  };
  readonly "POST /bans": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "kind": "client" | "user" | "address"; readonly "value": string; readonly "untilMs"?: number | null; readonly "comment"?: string; };
    readonly answer: { readonly "kind": "client" | "user" | "address"; readonly "value": string; readonly "untilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; };
  };
  readonly "DELETE /bans/{kind}/{value}": {
    readonly path: { readonly "kind": "client" | "user" | "address"; readonly "value": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /api-keys": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "id": string; readonly "name": string; readonly "scopes": readonly ("read" | "operate" | "publish" | "consume" | "admin")[]; readonly "expiresAtMs": number | null; readonly "createdAtMs": number; })[]; readonly "next": string | null; };
  };
  readonly "POST /api-keys": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "name": string; readonly "scopes": readonly ("read" | "operate" | "publish" | "consume" | "admin")[]; readonly "expiresAtMs"?: number | null; };
    readonly answer: { readonly "id": string; readonly "name": string; readonly "scopes": readonly ("read" | "operate" | "publish" | "consume" | "admin")[]; readonly "expiresAtMs": number | null; readonly "createdAtMs": number; readonly "key": string; };
  };
  readonly "DELETE /api-keys/{id}": {
    readonly path: { readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "GET /webhooks": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "name": string; readonly "url": string | null; readonly "queue": string | null; readonly "filters": readonly (string)[]; readonly "events": readonly ("client.connected" | "client.disconnected" | "session.created" | "session.ended" | "message.dropped" | "rule.denied")[]; readonly "retained": boolean; readonly "timeoutSeconds": number; readonly "batchMessagesMax": number; readonly "batchBytesMax": number; readonly "lingerMs": number; readonly "attemptsMax": number; readonly "queueMessagesMax": number; readonly "queueBytesMax": number; readonly "isPaused": boolean; readonly "formerSecretUntilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; })[]; readonly "next": string | null; };
  };
  readonly "POST /webhooks": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "name": string; readonly "url"?: string; readonly "queue"?: string; readonly "filters"?: readonly (string)[]; readonly "events"?: readonly ("client.connected" | "client.disconnected" | "session.created" | "session.ended" | "message.dropped" | "rule.denied")[]; readonly "retained"?: boolean; readonly "timeoutSeconds"?: number; readonly "batchMessagesMax"?: number; readonly "batchBytesMax"?: number; readonly "lingerMs"?: number; readonly "attemptsMax"?: number; readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "comment"?: string; };
    readonly answer: { readonly "name": string; readonly "url": string | null; readonly "queue": string | null; readonly "filters": readonly (string)[]; readonly "events": readonly ("client.connected" | "client.disconnected" | "session.created" | "session.ended" | "message.dropped" | "rule.denied")[]; readonly "retained": boolean; readonly "timeoutSeconds": number; readonly "batchMessagesMax": number; readonly "batchBytesMax": number; readonly "lingerMs": number; readonly "attemptsMax": number; readonly "queueMessagesMax": number; readonly "queueBytesMax": number; readonly "isPaused": boolean; readonly "formerSecretUntilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; readonly "secret": string; };
  };
  readonly "GET /webhooks/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "name": string; readonly "url": string | null; readonly "queue": string | null; readonly "filters": readonly (string)[]; readonly "events": readonly ("client.connected" | "client.disconnected" | "session.created" | "session.ended" | "message.dropped" | "rule.denied")[]; readonly "retained": boolean; readonly "timeoutSeconds": number; readonly "batchMessagesMax": number; readonly "batchBytesMax": number; readonly "lingerMs": number; readonly "attemptsMax": number; readonly "queueMessagesMax": number; readonly "queueBytesMax": number; readonly "isPaused": boolean; readonly "formerSecretUntilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "PATCH /webhooks/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "url"?: string; readonly "queue"?: string; readonly "filters"?: readonly (string)[]; readonly "events"?: readonly ("client.connected" | "client.disconnected" | "session.created" | "session.ended" | "message.dropped" | "rule.denied")[]; readonly "retained"?: boolean; readonly "timeoutSeconds"?: number; readonly "batchMessagesMax"?: number; readonly "batchBytesMax"?: number; readonly "lingerMs"?: number; readonly "attemptsMax"?: number; readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "comment"?: string; };
    readonly answer: { readonly "name": string; readonly "url": string | null; readonly "queue": string | null; readonly "filters": readonly (string)[]; readonly "events": readonly ("client.connected" | "client.disconnected" | "session.created" | "session.ended" | "message.dropped" | "rule.denied")[]; readonly "retained": boolean; readonly "timeoutSeconds": number; readonly "batchMessagesMax": number; readonly "batchBytesMax": number; readonly "lingerMs": number; readonly "attemptsMax": number; readonly "queueMessagesMax": number; readonly "queueBytesMax": number; readonly "isPaused": boolean; readonly "formerSecretUntilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "DELETE /webhooks/{name}": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "POST /webhooks/{name}/pause": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "name": string; readonly "url": string | null; readonly "queue": string | null; readonly "filters": readonly (string)[]; readonly "events": readonly ("client.connected" | "client.disconnected" | "session.created" | "session.ended" | "message.dropped" | "rule.denied")[]; readonly "retained": boolean; readonly "timeoutSeconds": number; readonly "batchMessagesMax": number; readonly "batchBytesMax": number; readonly "lingerMs": number; readonly "attemptsMax": number; readonly "queueMessagesMax": number; readonly "queueBytesMax": number; readonly "isPaused": boolean; readonly "formerSecretUntilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "POST /webhooks/{name}/resume": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "name": string; readonly "url": string | null; readonly "queue": string | null; readonly "filters": readonly (string)[]; readonly "events": readonly ("client.connected" | "client.disconnected" | "session.created" | "session.ended" | "message.dropped" | "rule.denied")[]; readonly "retained": boolean; readonly "timeoutSeconds": number; readonly "batchMessagesMax": number; readonly "batchBytesMax": number; readonly "lingerMs": number; readonly "attemptsMax": number; readonly "queueMessagesMax": number; readonly "queueBytesMax": number; readonly "isPaused": boolean; readonly "formerSecretUntilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; };
  };
  readonly "POST /webhooks/{name}/secret": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "name": string; readonly "url": string | null; readonly "queue": string | null; readonly "filters": readonly (string)[]; readonly "events": readonly ("client.connected" | "client.disconnected" | "session.created" | "session.ended" | "message.dropped" | "rule.denied")[]; readonly "retained": boolean; readonly "timeoutSeconds": number; readonly "batchMessagesMax": number; readonly "batchBytesMax": number; readonly "lingerMs": number; readonly "attemptsMax": number; readonly "queueMessagesMax": number; readonly "queueBytesMax": number; readonly "isPaused": boolean; readonly "formerSecretUntilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; readonly "secret": string; };
  };
  readonly "POST /webhooks/{name}/test": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "isDelivered": boolean; readonly "reason": string | null; readonly "detail": string | null; readonly "status": number | null; readonly "tookMs": number; };
  };
  readonly "GET /webhooks/{name}/status": {
    readonly path: { readonly "name": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "isPaused": boolean; readonly "isSending": boolean; readonly "queueMessages": number; readonly "queueBytes": number; readonly "oldestQueuedAtMs": number | null; readonly "attempts": number; readonly "failuresInARow": number; readonly "nextAttemptAtMs": number | null; readonly "lastSuccessAtMs": number | null; readonly "lastFailure": { readonly "atMs": number; readonly "reason": string; readonly "detail": string; readonly "status": number | null; } | null; readonly "delivered": { readonly "batches": number; readonly "items": number; }; readonly "failedAttempts": number; readonly "drops": Readonly<Record<string, number>>; readonly "deadLetters": { readonly "batches": number; readonly "bytes": number; readonly "itemsEver": number; }; };
  };
  readonly "GET /webhooks/{name}/dead-letters": {
    readonly path: { readonly "name": string; };
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "id": string; readonly "batch": string; readonly "atMs": number; readonly "attempts": number; readonly "items": number; readonly "failure": { readonly "atMs": number; readonly "reason": string; readonly "detail": string; readonly "status": number | null; }; readonly "isSentAgain": boolean; })[]; readonly "next": string | null; };
  };
  readonly "GET /webhooks/{name}/dead-letters/{id}": {
    readonly path: { readonly "name": string; readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "id": string; readonly "batch": string; readonly "atMs": number; readonly "attempts": number; readonly "items": number; readonly "failure": { readonly "atMs": number; readonly "reason": string; readonly "detail": string; readonly "status": number | null; }; readonly "isSentAgain": boolean; readonly "contents": readonly ({ readonly "id": string; readonly "type": string; readonly "atMs": number | null; readonly "data": unknown; })[]; };
  };
  readonly "DELETE /webhooks/{name}/dead-letters/{id}": {
    readonly path: { readonly "name": string; readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "batches": number; };
  };
  readonly "POST /webhooks/{name}/dead-letters/{id}/send": {
    readonly path: { readonly "name": string; readonly "id": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "batches": number; };
  };
  readonly "GET /audit": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; readonly "limit"?: number; };
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "id": number; readonly "atMs": number; readonly "actor": string; readonly "action": string; readonly "subject": string; readonly "before": unknown; readonly "after": unknown; })[]; readonly "next": string | null; };
  };
  readonly "GET /export/groups": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "format"?: "json" | "ndjson" | "csv"; };
    readonly body: undefined;
    readonly answer: readonly ({ readonly "name": string; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; })[];
  };
  readonly "POST /import/groups": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "existing"?: "refuse" | "keep" | "replace"; readonly "dryRun"?: string; };
    readonly body: readonly ({ readonly "name": string; readonly "limits"?: Readonly<Record<string, number>>; readonly "comment"?: string; readonly "createdAtMs"?: number; readonly "changedAtMs"?: number; })[];
    readonly answer: { readonly "created": number; readonly "replaced": number; readonly "kept": number; readonly "isDryRun": boolean; };
  };
  readonly "GET /export/users": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "format"?: "json" | "ndjson" | "csv"; };
    readonly body: undefined;
    readonly answer: readonly ({ readonly "name": string; readonly "passwordHash"?: string; readonly "scram"?: string; readonly "groups": readonly (string)[]; readonly "disabled": boolean; readonly "limits": Readonly<Record<string, number>>; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; })[];
  };
  readonly "POST /import/users": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "existing"?: "refuse" | "keep" | "replace"; readonly "dryRun"?: string; };
    readonly body: readonly ({ readonly "name": string; readonly "passwordHash"?: string; readonly "scram"?: string; readonly "groups"?: readonly (string)[]; readonly "disabled"?: boolean; readonly "limits"?: Readonly<Record<string, number>>; readonly "comment"?: string; readonly "password"?: string; readonly "createdAtMs"?: number; readonly "changedAtMs"?: number; })[];
    readonly answer: { readonly "created": number; readonly "replaced": number; readonly "kept": number; readonly "isDryRun": boolean; };
  };
  readonly "GET /export/device-keys": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "format"?: "json" | "ndjson" | "csv"; };
    readonly body: undefined;
    readonly answer: readonly ({ readonly "id": string; readonly "hash": string; readonly "expiresAtMs": number | null; readonly "user": string; readonly "comment": string; readonly "createdAtMs": number; })[];
  };
  readonly "POST /import/device-keys": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "existing"?: "refuse" | "keep" | "replace"; readonly "dryRun"?: string; };
    readonly body: readonly ({ readonly "id": string; readonly "hash": string; readonly "expiresAtMs"?: number | null; readonly "user": string; readonly "comment"?: string; readonly "createdAtMs"?: number; })[];
    readonly answer: { readonly "created": number; readonly "replaced": number; readonly "kept": number; readonly "isDryRun": boolean; };
  };
  readonly "GET /export/rules": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "format"?: "json" | "ndjson" | "csv"; };
    readonly body: undefined;
    readonly answer: readonly ({ readonly "id": string; readonly "position": number; readonly "effect": "allow" | "deny"; readonly "action": "publish" | "subscribe" | "all"; readonly "subjectKind": "user" | "group" | "client" | "everyone"; readonly "subject": string; readonly "filter": string; readonly "qos"?: readonly (0 | 1 | 2)[]; readonly "retain"?: boolean; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; })[];
  };
  readonly "POST /import/rules": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "existing"?: "refuse" | "keep" | "replace"; readonly "dryRun"?: string; };
    readonly body: readonly ({ readonly "position"?: number; readonly "effect": "allow" | "deny"; readonly "action"?: "publish" | "subscribe" | "all"; readonly "subjectKind": "user" | "group" | "client" | "everyone"; readonly "subject"?: string; readonly "filter": string; readonly "qos"?: readonly (0 | 1 | 2)[]; readonly "retain"?: boolean; readonly "comment"?: string; readonly "id"?: string; readonly "createdAtMs"?: number; readonly "changedAtMs"?: number; })[];
    readonly answer: { readonly "created": number; readonly "replaced": number; readonly "kept": number; readonly "isDryRun": boolean; };
  };
  readonly "GET /export/bans": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "format"?: "json" | "ndjson" | "csv"; };
    readonly body: undefined;
    readonly answer: readonly ({ readonly "kind": "client" | "user" | "address"; readonly "value": string; readonly "untilMs": number | null; readonly "comment": string; readonly "createdAtMs": number; })[];
  };
  readonly "POST /import/bans": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "existing"?: "refuse" | "keep" | "replace"; readonly "dryRun"?: string; };
    readonly body: readonly ({ readonly "kind": "client" | "user" | "address"; readonly "value": string; readonly "untilMs"?: number | null; readonly "comment"?: string; readonly "createdAtMs"?: number; })[];
    readonly answer: { readonly "created": number; readonly "replaced": number; readonly "kept": number; readonly "isDryRun": boolean; };
  };
  readonly "GET /export/templates": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "format"?: "json" | "ndjson" | "csv"; };
    readonly body: undefined;
    readonly answer: readonly ({ readonly "name": string; readonly "position": number; readonly "pattern": string; readonly "subscriptions": readonly ({ readonly "filter": string; readonly "qos": 0 | 1 | 2; readonly "noLocal": boolean; readonly "retainAsPublished": boolean; readonly "retainHandling": 0 | 1 | 2; })[]; readonly "limits": { readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "queuePolicy"?: "reject" | "drop-oldest" | "drop-newest"; readonly "inflightMax"?: number; readonly "subscriptionsMax"?: number; readonly "sessionExpirySecondsMax"?: number; }; readonly "comment": string; readonly "createdAtMs": number; readonly "changedAtMs": number; })[];
  };
  readonly "POST /import/templates": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "existing"?: "refuse" | "keep" | "replace"; readonly "dryRun"?: string; };
    readonly body: readonly ({ readonly "position"?: number; readonly "pattern": string; readonly "subscriptions"?: readonly ({ readonly "filter": string; readonly "qos"?: 0 | 1 | 2; readonly "noLocal"?: boolean; readonly "retainAsPublished"?: boolean; readonly "retainHandling"?: 0 | 1 | 2; })[]; readonly "limits"?: { readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "queuePolicy"?: "reject" | "drop-oldest" | "drop-newest"; readonly "inflightMax"?: number; readonly "subscriptionsMax"?: number; readonly "sessionExpirySecondsMax"?: number; }; readonly "comment"?: string; readonly "name": string; readonly "createdAtMs"?: number; readonly "changedAtMs"?: number; })[];
    readonly answer: { readonly "created": number; readonly "replaced": number; readonly "kept": number; readonly "isDryRun": boolean; };
  };
  readonly "GET /export/api-keys": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "format"?: "json" | "ndjson" | "csv"; };
    readonly body: undefined;
    readonly answer: readonly ({ readonly "id": string; readonly "hash": string; readonly "expiresAtMs": number | null; readonly "name": string; readonly "scopes": readonly ("read" | "operate" | "publish" | "consume" | "admin")[]; readonly "createdAtMs": number; })[];
  };
  readonly "POST /import/api-keys": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "existing"?: "refuse" | "keep" | "replace"; readonly "dryRun"?: string; };
    readonly body: readonly ({ readonly "id": string; readonly "hash": string; readonly "expiresAtMs"?: number | null; readonly "name": string; readonly "scopes": readonly ("read" | "operate" | "publish" | "consume" | "admin")[]; readonly "createdAtMs"?: number; })[];
    readonly answer: { readonly "created": number; readonly "replaced": number; readonly "kept": number; readonly "isDryRun": boolean; };
  };
  readonly "GET /export/audit": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "format"?: "json" | "ndjson" | "csv"; };
    readonly body: undefined;
    readonly answer: readonly ({ readonly "id": number; readonly "atMs": number; readonly "actor": string; readonly "action": string; readonly "subject": string; readonly "before": unknown; readonly "after": unknown; })[];
  };
  readonly "GET /backup": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "after"?: string; };
    readonly body: undefined;
    readonly answer: undefined;
  };
  readonly "POST /restore": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: { readonly "backup": string; readonly "version": number; readonly "existing"?: "keep" | "replace"; };
    readonly body: readonly ({ readonly "kind": "rows"; readonly "table": "groups" | "users" | "device-keys" | "rules" | "bans" | "templates" | "api-keys" | "webhooks"; readonly "rows": readonly (Readonly<Record<string, unknown>>)[]; } | { readonly "kind": "shard"; readonly "shard": number; readonly "page": readonly (string | number)[]; readonly "topicShards": number; readonly "topicShardDepth": number; readonly "retained": readonly (string)[]; readonly "delayed": readonly ({ readonly "dueAtMs": number; readonly "publisher": string; readonly "body": string; })[]; readonly "cursors": readonly ({ readonly "source": string; readonly "generation": number; readonly "sequence": number; readonly "atMs": number; })[]; readonly "groups": readonly ({ readonly "share": string; readonly "body": string; })[]; } | { readonly "kind": "session"; readonly "clientId": string; readonly "state"?: { readonly "username": string | null; readonly "version": 3 | 4 | 5; readonly "generation": number; readonly "expirySeconds": number; readonly "expiresAtMs": number; readonly "isProvisioned": boolean; readonly "limits": { readonly "queueMessagesMax"?: number; readonly "queueBytesMax"?: number; readonly "queuePolicy"?: "reject" | "drop-oldest" | "drop-newest"; readonly "inflightMax"?: number; readonly "subscriptionsMax"?: number; readonly "sessionExpirySecondsMax"?: number; }; readonly "userLimits": Readonly<Record<string, number>>; readonly "head": number; readonly "inbound": { readonly "nextSequence": number; readonly "runs": readonly (readonly (number)[])[]; }; readonly "wills": readonly ({ readonly "body": string; readonly "delayMs": number; readonly "expiryMs": number; readonly "dueAtMs": number; })[]; readonly "sink"?: { readonly "batch"?: { readonly "from": number; readonly "to": number; readonly "attempts": number; }; readonly "usedBelow": number; readonly "failures": number; readonly "nextAtMs": number; readonly "deliveredBatches": number; readonly "deliveredMessages": number; readonly "failedAttempts": number; readonly "deadMessages": number; readonly "lastSuccessAtMs": number; readonly "lastFailure"?: { readonly "atMs": number; readonly "reason": string; readonly "detail": string; readonly "status": number; }; }; }; readonly "subscriptions": readonly ({ readonly "filter": string; readonly "qos": 0 | 1 | 2; readonly "noLocal": boolean; readonly "retainAsPublished": boolean; readonly "identifier": number; })[]; readonly "segments": readonly ({ readonly "position": number; readonly "count": number; readonly "offered"?: boolean; readonly "atMs"?: number; readonly "progress"?: string; readonly "share"?: string; readonly "body": string; })[]; readonly "letters"?: readonly ({ readonly "position": number; readonly "id": string; readonly "atMs": number; readonly "attempts": number; readonly "count": number; readonly "failure": { readonly "atMs": number; readonly "reason": string; readonly "detail": string; readonly "status": number; }; readonly "isSentAgain": boolean; readonly "places": readonly (readonly (unknown)[])[]; readonly "body": string; })[]; readonly "dupBelow": number; readonly "isLast": boolean; })[];
    readonly answer: undefined;
  };
  readonly "POST /explain": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: { readonly "user"?: string; readonly "clientId": string; readonly "address"?: string; readonly "groups"?: readonly (string)[]; readonly "claims"?: Readonly<Record<string, string>>; readonly "action": "publish" | "subscribe"; readonly "topic": string; readonly "qos"?: 0 | 1 | 2; readonly "retain"?: boolean; };
    readonly answer: { readonly "isAllowed": boolean; readonly "why": string; readonly "rule": { readonly "id": string; readonly "effect": string; readonly "action": string; readonly "filter": string; readonly "qos"?: readonly (number)[]; readonly "retain"?: boolean; } | null; readonly "remedy": string | null; readonly "rulesTried": number; };
  };
  readonly "GET /explain/clients/{clientId}": {
    readonly path: { readonly "clientId": string; };
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "atMs": number; readonly "reason": string; readonly "detail": string; readonly "count": number; readonly "user"?: string; readonly "address": string; readonly "remedy": string; })[]; };
  };
  readonly "GET /settings": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "items": readonly ({ readonly "name": string; readonly "value": string | number | boolean | null; readonly "default": string | number | boolean | null; readonly "isSecret": boolean; readonly "source": "default" | "variable" | "secret"; })[]; };
  };
  readonly "GET /self": {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: undefined;
    readonly answer: { readonly "name": string; readonly "scopes": readonly ("read" | "operate" | "publish" | "consume" | "admin")[]; };
  };
}

