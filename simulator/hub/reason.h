// SPDX-License-Identifier: MIT
// Why the hub refuses something. One row is the only place where a refusal becomes wire codes:
// word in journals and scripts, IoT Hub error code, CONNACK code, HTTP status, AMQP condition,
// the sentence and what to try. CONNACK 0 means: no packet, the connection is closed.
#pragma once
#include "base/span.h"

//    C name  word  hub code  CONNACK  HTTP  AMQP condition  sentence  hint
#define REASON_TABLE(X)                                                                            \
    X(OK, "ok", 0, 0, 200, "", "accepted", "")                                                     \
    X(SAS_EXPIRED, "sas-expired", 401003, 5, 401, "amqp:unauthorized-access",                      \
      "the SAS token has expired",                                                                 \
      "check the device's clock first (UTC, not local time), then the token's lifetime")           \
    X(SAS_WRONG_SIGNATURE, "sas-wrong-signature", 401003, 5, 401, "amqp:unauthorized-access",      \
      "the SAS token is not signed with a key of this identity",                                   \
      "compare the device's key with the registry; sign `sr` as sent, a line feed, and `se`, "     \
      "with the base64-decoded key")                                                               \
    X(SAS_WRONG_RESOURCE, "sas-wrong-resource", 401003, 5, 401, "amqp:unauthorized-access",        \
      "the SAS token is for another hub or identity",                                              \
      "`sr` must be the hub's host name, /devices/ and the device id")                             \
    X(SAS_MALFORMED, "sas-malformed", 401003, 5, 401, "amqp:unauthorized-access",                  \
      "the password is not a SAS token",                                                           \
      "the password reads SharedAccessSignature sr=...&sig=...&se=...; percent-encode `sig`")      \
    X(SAS_UNKNOWN_POLICY, "sas-unknown-policy", 401003, 5, 401, "amqp:unauthorized-access",        \
      "the SAS token names a policy that the hub does not have",                                   \
      "a device signs with its own key and leaves `skn` out")                                      \
    X(SAS_POLICY_WITHOUT_RIGHT, "sas-policy-without-right", 401003, 5, 401,                        \
      "amqp:unauthorized-access", "the policy of the SAS token may not connect devices",           \
      "use a policy with DeviceConnect (device, iothubowner), or the device's own key")            \
    X(SAS_SWITCHED_OFF, "sas-switched-off", 401003, 5, 401, "amqp:unauthorized-access",            \
      "the hub has SAS tokens of this kind switched off",                                          \
      "register the device with X.509, or switch disableLocalAuth, disableDeviceSAS or "           \
      "disableModuleSAS off at the hub")                                                           \
    X(NO_CREDENTIALS, "no-credentials", 401003, 5, 401, "amqp:unauthorized-access",                \
      "neither a password nor a client certificate was sent",                                      \
      "send a SAS token as the MQTT password, or present the device certificate in TLS")           \
    X(WRONG_AUTH_METHOD, "wrong-auth-method", 401003, 5, 401, "amqp:unauthorized-access",          \
      "the identity is registered for the other way of authentication",                            \
      "a SAS device sends a token, an X.509 device a certificate and no password")                 \
    X(THUMBPRINT_MISMATCH, "thumbprint-mismatch", 401003, 5, 401, "amqp:unauthorized-access",      \
      "the client certificate is not one of the two that are registered",                          \
      "register the certificate's SHA-1 or SHA-256 thumbprint, or load the right certificate")     \
    X(CERTIFICATE_EXPIRED, "certificate-expired", 401003, 5, 401, "amqp:unauthorized-access",      \
      "the client certificate is outside its validity", "issue a new device certificate")          \
    X(CERTIFICATE_UNKNOWN_CA, "certificate-unknown-ca", 401003, 5, 401,                            \
      "amqp:unauthorized-access",                                                                  \
      "the client's certificate chain leads to no CA certificate of the hub",                      \
      "upload the root or intermediate CA to the hub, and let the device send its intermediates")  \
    X(CERTIFICATE_UNVERIFIED_CA, "certificate-unverified-ca", 401003, 5, 401,                      \
      "amqp:unauthorized-access",                                                                  \
      "the client's chain leads to a CA certificate whose possession was never proved",            \
      "verify the CA certificate at the hub: sign its challenge with the CA's key")                \
    X(CERTIFICATE_WRONG_NAME, "certificate-wrong-name", 401003, 5, 401,                            \
      "amqp:unauthorized-access", "the common name of the client certificate is not the identity", \
      "issue a certificate whose CN is the device id, or device/module; upper and lower case "     \
      "count")                                                                                     \
    X(UNKNOWN_IDENTITY, "unknown-identity", 404001, 5, 404, "amqp:not-found",                      \
      "no such device or module is registered",                                                    \
      "compare the device id with the registry; upper and lower case count")                       \
    X(UNKNOWN_MODULE, "unknown-module", 404010, 5, 404, "amqp:not-found",                          \
      "the device is registered, but has no such module",                                          \
      "create the module identity, or connect as the device itself")                               \
    X(CLIENT_ID_MISMATCH, "client-id-mismatch", 401003, 5, 401, "amqp:unauthorized-access",        \
      "the MQTT client id is not the identity of the user name",                                   \
      "the client id is the device id, or device/module for a module")                             \
    X(BAD_USERNAME, "bad-username", 401003, 5, 400, "amqp:invalid-field",                          \
      "the MQTT user name cannot be read",                                                         \
      "the user name reads HOST/DEVICE/?api-version=2021-04-12")                                   \
    X(WRONG_HOST, "wrong-host", 401001, 5, 404, "amqp:not-found",                                  \
      "the user name names another hub", "use the host name of this hub in the connection string") \
    X(DISABLED, "disabled", 403012, 5, 403, "amqp:unauthorized-access",                            \
      "the identity is disabled", "enable the device in the registry")                             \
    X(WRONG_PROTOCOL_LEVEL, "wrong-protocol-level", 400004, 1, 400, "amqp:not-implemented",        \
      "the CONNECT packet is not of MQTT 3.1.1", "use protocol name MQTT and level 4")             \
    X(FAULT, "fault", 0, 5, 503, "amqp:internal-error",                                            \
      "a fault of the scenario refused the connection",                                            \
      "nothing: this refusal was made on purpose")                                                 \
    X(TAKEN_OVER, "taken-over", 400027, 0, 409, "amqp:resource-locked",                            \
      "a newer connection of the same identity took over",                                         \
      "two programs share one device id, or the device did not close its old connection")          \
    X(KEY_ROLLED, "key-rolled", 401003, 0, 401, "amqp:unauthorized-access",                        \
      "the key that the connection was made with was replaced",                                    \
      "give the device the new key, or let it use the other one of the two")                       \
    X(MESSAGE_TOO_LARGE, "message-too-large", 413001, 0, 413, "amqp:link:message-size-exceeded",   \
      "the message is larger than 256 KiB", "split the message")                                   \
    X(BAD_PROPERTIES, "bad-properties", 400004, 0, 400, "amqp:invalid-field",                      \
      "the property bag of the topic cannot be read",                                              \
      "percent-encode each key and value, join them with = and &")                                 \
    X(UNKNOWN_ID_SCOPE, "unknown-id-scope", 404201, 3, 404, "amqp:not-found",                      \
      "the user name names an id scope that the provisioning service does not have",               \
      "copy the id scope from the service's overview; it begins with 0ne")                         \
    X(DPS_BAD_USERNAME, "dps-bad-username", 400004, 5, 400, "amqp:invalid-field",                  \
      "the MQTT user name cannot be read by the provisioning service",                             \
      "the user name reads ID_SCOPE/registrations/REGISTRATION_ID/api-version=2019-03-31")         \
    X(DPS_CLIENT_ID_MISMATCH, "dps-client-id-mismatch", 401002, 5, 401,                            \
      "amqp:unauthorized-access",                                                                  \
      "client id, registration id and the certificate's common name are not the same",             \
      "use the registration id as MQTT client id and as CN of the device certificate")             \
    X(DPS_WRONG_RESOURCE, "dps-wrong-resource", 401002, 5, 401, "amqp:unauthorized-access",        \
      "the SAS token is for another id scope or registration",                                     \
      "`sr` must be ID_SCOPE%2Fregistrations%2FREGISTRATION_ID")                                   \
    X(DPS_WRONG_POLICY, "dps-wrong-policy", 401002, 5, 401, "amqp:unauthorized-access",            \
      "the SAS token does not say that it is for registering",                                     \
      "the token ends in &skn=registration")                                                       \
    X(INVALID_ARGUMENT, "invalid-argument", 400004, 0, 400, "amqp:invalid-field",                  \
      "an argument is out of its limits",                                                          \
      "the sentence beside it names the argument and its limit")                                   \
    X(MALFORMED_JSON, "malformed-json", 400006, 0, 400, "amqp:decode-error",                       \
      "the payload is not JSON", "check quotes, commas and braces at the place that is named")     \
    X(NO_API_VERSION, "no-api-version", 400004, 0, 400, "amqp:invalid-field",                      \
      "the MQTT user name carries no api-version, so the hub serves no twin",                      \
      "end the user name with /?api-version=2021-04-12")                                           \
    X(TWIN_TOO_LARGE, "twin-too-large", 413001, 0, 413, "amqp:resource-limit-exceeded",            \
      "a section of the twin would be larger than its limit",                                      \
      "desired and reported hold 32 KB each, tags 8 KB; delete keys with null first")              \
    X(ETAG_MISMATCH, "etag-mismatch", 412001, 0, 412, "amqp:precondition-failed",                  \
      "the twin has changed since its etag was read", "read the twin again, or send no etag")      \
    X(C2D_QUEUE_FULL, "c2d-queue-full", 403004, 0, 403, "amqp:resource-limit-exceeded",            \
      "50 messages wait for this device already",                                                  \
      "the device completes messages too slowly, or not at all; purge the queue or set a ttl")     \
    X(C2D_TOO_LARGE, "c2d-too-large", 413001, 0, 413, "amqp:link:message-size-exceeded",           \
      "the cloud-to-device message is larger than 64 KiB", "split the message")                    \
    X(LOCK_LOST, "lock-lost", 412002, 0, 412, "amqp:precondition-failed",                          \
      "the message is no longer locked for this device",                                           \
      "complete a message within 60 s of its delivery")                                            \
    X(DEVICE_NOT_ONLINE, "device-not-online", 404103, 0, 404, "amqp:not-found",                    \
      "the device is not connected, or has not subscribed to methods",                             \
      "connect the device and register its method handler first, or give a connect time-out")      \
    X(METHOD_TIMEOUT, "method-timeout", 504101, 0, 504, "com.microsoft:timeout",                   \
      "the device did not answer the method call in time",                                         \
      "answer on $iothub/methods/res/STATUS/?$rid=RID with the rid of the request")                \
    X(METHOD_BAD_ANSWER, "method-bad-answer", 504101, 0, 502, "amqp:decode-error",                 \
      "the device answered a method call with something that is no JSON or too large",             \
      "the payload of an answer is JSON of at most 128 KB, or empty")                              \
    X(METHOD_TOO_LARGE, "method-too-large", 413001, 0, 413, "amqp:link:message-size-exceeded",     \
      "the payload of the method call is larger than 128 KB",                                      \
      "send a reference to the data instead")                                                      \
    X(THROTTLED, "throttled", 429002, 3, 429, "com.microsoft:device-container-throttled",          \
      "more operations came than the hub's throttle lets through, and its queue is full",          \
      "back off for at least 10 s, longer each time; spread a fleet's reconnects; raise hub.tier") \
    X(QUOTA_EXCEEDED, "quota-exceeded", 403002, 0, 403, "amqp:resource-limit-exceeded",            \
      "the hub's messages of this day are used up",                                                \
      "send less, or in larger messages (a block counts, not a message); the count restarts at "   \
      "00:00 UTC")                                                                                 \
    X(SDK_FAULT, "sdk-fault", 400029, 0, 503, "amqp:connection:forced",                            \
      "the device asked for this with an AzIoTHub_FaultOperation message",                         \
      "nothing: this was made on purpose")                                                         \
    X(INTERNAL, "internal-error", 500001, 3, 500, "amqp:internal-error",                           \
      "the hub itself failed (memory or cryptography)",                                            \
      "look at the messages of hubrig: the device is not at fault")

enum reason {
#define X(name, word, hub_code, connack, http, amqp, sentence, hint) REASON_##name,
    REASON_TABLE(X)
#undef X
        REASON_COUNT
};

struct reason_row {
    const char *word;
    int hub_code;
    int connack;
    int http;
    const char *amqp;
    const char *sentence;
    const char *hint;
};
const struct reason_row *reason_row(enum reason reason);
int reason_of(struct span word); // -1 when unknown
