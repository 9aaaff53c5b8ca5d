// SPDX-License-Identifier: MIT
// Who is let in and who is not, and what ends a connection: one line per rule of IoT Hub over MQTT,
// to be read beside its documentation. The reckoning behind each refusal of a token or certificate
// is in hub/authenticate_test.c and hub/access_test.c.
#include "simulator/mqtt/talk_rig.h"

#define D1     RIG_HOST "/devices/bench-01"
#define EXPIRE "connect bench-01 life=60; wait "

// ---- CONNACK: which cause gives which code

static const struct talk_row connack_rows[] = {
    {"unknown device: 5, close", "connect nobody", "CONNACK 5 | FIN",
     "reason=unknown-identity hub_code=404001"},
    {"unknown module: 5, close", "connect bench-01/none", "CONNACK 5 | FIN",
     "reason=unknown-module hub_code=404010"},
    {"wrong SAS signature: 5, close", "connect bench-01 key=" RIG_BAD_KEY, "CONNACK 5 | FIN",
     "reason=sas-wrong-signature hub_code=401003"},
    {"expired SAS: 5, close", "connect bench-01 life=-301", "CONNACK 5 | FIN",
     "reason=sas-expired hub_code=401003"},
    {"device clock in 1970: 5, close", "connect bench-01 sr=" D1 " life=-1795165370",
     "CONNACK 5 | FIN", "the device's clock said 1970"},
    {"wrong host in sr: 5, close", "connect bench-01 sr=other.net/devices/bench-01",
     "CONNACK 5 | FIN", "reason=sas-wrong-resource hub_code=401003"},
    {"wrong id in sr: 5, close", "connect bench-01 sr=" RIG_HOST "/devices/bench-02",
     "CONNACK 5 | FIN", "reason=sas-wrong-resource hub_code=401003"},
    {"unknown skn: 5, close", "connect bench-01 sr=" RIG_HOST " skn=nobody", "CONNACK 5 | FIN",
     "reason=sas-unknown-policy hub_code=401003"},
    {"policy key without DeviceConnect: 5, close",
     "connect bench-01 sr=" RIG_HOST " skn=service key=" RIG_BAD_KEY, "CONNACK 5 | FIN",
     "reason=sas-policy-without-right hub_code=401003"},
    {"no password, no client certificate: 5, close", "connect bench-01 pw=none", "CONNACK 5 | FIN",
     "reason=no-credentials hub_code=401003"},
    {"thumbprint mismatch: 5, close", "connect x509-02 cert", "CONNACK 5 | FIN",
     "reason=thumbprint-mismatch hub_code=401003"},
    {"expired certificate: 5, close", "clock 3601; connect x509-01 cert", "CONNACK 5 | FIN",
     "reason=certificate-expired hub_code=401003"},
    {"certificate not yet valid: 5, close", "clock -3601; connect x509-01 cert", "CONNACK 5 | FIN",
     "reason=certificate-expired hub_code=401003"},
    {"certificate that leads to no CA of the hub: 5, close", "connect press-01 cert",
     "CONNACK 5 | FIN", "reason=certificate-unknown-ca hub_code=401003"},
    {"SAS for an X.509 device: 5, close", "connect x509-01", "CONNACK 5 | FIN",
     "reason=wrong-auth-method hub_code=401003"},
    {"certificate for a SAS device: 5, close", "connect bench-01 cert", "CONNACK 5 | FIN",
     "reason=wrong-auth-method hub_code=401003"},
    {"client id is not the user name's: 5, close",
     "connect bench-02 user=" RIG_HOST "/bench-01/?api-version=2021-04-12", "CONNACK 5 | FIN",
     "reason=client-id-mismatch hub_code=401003"},
    {"unreadable user name: 5, close", "connect bench-01 user=bench-01", "CONNACK 5 | FIN",
     "reason=bad-username"},
    {"unreadable user name, the option: 3",
     "set bad_username_connack 3; connect bench-01 user=bench-01", "CONNACK 3 | FIN",
     "reason=bad-username"},
    {"another host in the user name: 5, close", "connect bench-01 user=other.net/bench-01",
     "CONNACK 5 | FIN", "reason=wrong-host"},
    {"another host in the user name, the option: 3",
     "set wrong_host_connack 3; connect bench-01 user=other.net/bench-01", "CONNACK 3 | FIN",
     "reason=wrong-host"},
    {"disabled device: 5, close", "connect off-01", "CONNACK 5 | FIN",
     "reason=disabled hub_code=403012"},
    {"disabled device, the option: 3", "set disabled_connack 3; connect off-01", "CONNACK 3 | FIN",
     "reason=disabled hub_code=403012"},
    {"module of a disabled device: 5, close", "connect off-01/mod-a", "CONNACK 5 | FIN",
     "reason=disabled"},
    {"protocol level 3: 1, close", "connect bench-01 level=3", "CONNACK 1 | FIN",
     "reason=wrong-protocol-level"},
    {"protocol level 5: 1, close", "connect bench-01 level=5", "CONNACK 1 | FIN",
     "reason=wrong-protocol-level"},
    {"server busy: 3, close", "arm refuse 3; connect bench-01", "CONNACK 3 | FIN", "code=3"},
    {"too many new connections: CONNACK late",
     "rate connects 1/s; connect bench-02; "
     "connect bench-01; ping; wait 1",
     "CONNACK 0 | 2:CONNACK 0 | 2:PINGRESP", "hub.throttle operation=connects delay_ms=1000"},
    {"far too many new connections: 3, close",
     "rate connects 1/m; connect bench-02; connect bench-01", "CONNACK 0 | 2:CONNACK 3 | 2:FIN",
     "reason=throttled hub_code=429002"},
    {"far too many new connections, the option: 5",
     "set throttled_connack 5; rate connects 1/m; connect bench-02; connect bench-01",
     "CONNACK 0 | 2:CONNACK 5 | 2:FIN", "reason=throttled"},
    {"daily quota gone: CONNACK 0, cut at the first publish",
     "quota 1; connect bench-01; pub " EVENTS_TOPIC " q1; pub " EVENTS_TOPIC " q1",
     "CONNACK 0 | PUBACK 9 | FIN", "mqtt.cut reason=quota-exceeded hub_code=403002"},
    {"malformed packet: close, no CONNACK", "bytes 100D00044D515454040300", "", "!mqtt.refused"},
    {"reserved flag: close, no CONNACK", "bytes 100D00044D5154540403003C000178", "FIN",
     "mqtt.error why=\"the reserved bit"},
    {"another protocol name: close, no CONNACK", "bytes 100F00064D51497364700302003C000178", "FIN",
     "expected MQTT"},
    {"first packet is not CONNECT: close, no CONNACK", "bytes C000", "FIN",
     "the first packet is not CONNECT"},
    {"PUBLISH before CONNECT: close, no CONNACK", "bytes 300400017462", "FIN", "packet=PUBLISH"},
    {"HTTP on the MQTT port: close, no CONNACK", "bytes 474554202F20485454502F312E310D0A", "FIN",
     "packet=PUBACK"},
    {"a CONNECT of 256 MB: close, no CONNACK", "bytes 10FFFFFF7F", "FIN",
     "the hub takes at most 262144"},
    {"second CONNECT: close", "connect bench-01; bytes 100D00044D5154540402003C000178",
     "CONNACK 0 | FIN", "a second CONNECT"},
};

static void every_cause_has_its_connack(void **state)
{
    (void)state;
    ASSERT_TALKS("", connack_rows);
}

// ---- credentials that are good, and those that just are not any more

static const struct talk_row credential_rows[] = {
    {"primary key", "connect bench-01", "CONNACK 0", "auth=sas key=primary"},
    {"secondary key", "connect bench-01 key=" RIG_OTHER_KEY, "CONNACK 0", "key=secondary"},
    {"module key", "connect bench-01/mod-a", "CONNACK 0", "client_id=bench-01/mod-a"},
    {"policy with DeviceConnect", "connect bench-01 sr=" RIG_HOST " skn=device key=" RIG_BAD_KEY,
     "CONNACK 0", "key=\"policy device primary\""},
    {"policy, device unknown", "connect nobody sr=" RIG_HOST " skn=device key=" RIG_BAD_KEY,
     "CONNACK 5 | FIN", "reason=unknown-identity"},
    {"policy, device disabled", "connect off-01 sr=" RIG_HOST " skn=device key=" RIG_BAD_KEY,
     "CONNACK 5 | FIN", "reason=disabled"},
    {"empty skn is the device's key", "connect bench-01 skn=none sr=" D1, "CONNACK 0",
     "key=primary"},
    {"sr: the host", "connect bench-01 sr=" RIG_HOST, "CONNACK 0", "key=primary"},
    {"sr: host/devices", "connect bench-01 sr=" RIG_HOST "%2fdevices", "CONNACK 0", "key=primary"},
    {"sr: not encoded", "connect bench-01 sr=" D1, "CONNACK 0", "key=primary"},
    {"sr: without case", "connect bench-01 sr=SIMHUB.Azure-Devices.net%2fDEVICES%2fBENCH-01",
     "CONNACK 0", "key=primary"},
    {"sr: with /api-version behind it (old tools)",
     "connect bench-01 sr=" D1 "/api-version=2016-11-14", "CONNACK 0", "key=primary"},
    {"sr: half a segment", "connect bench-01 sr=" RIG_HOST "/dev", "CONNACK 5 | FIN",
     "reason=sas-wrong-resource"},
    {"expired, within the skew of 5 min", "connect bench-01 life=-300", "CONNACK 0",
     "sas_expires_in_s=-300"},
    {"expired, beyond the skew", "connect bench-01 life=-301", "CONNACK 5 | FIN",
     "reason=sas-expired"},
    {"disableDeviceSAS", "set is_device_sas_off 1; connect bench-01", "CONNACK 5 | FIN",
     "reason=sas-switched-off"},
    {"disableDeviceSAS spares modules", "set is_device_sas_off 1; connect bench-01/mod-a",
     "CONNACK 0", "key=primary"},
    {"not a token", "connect bench-01 pw=hunter2", "CONNACK 5 | FIN", "reason=sas-malformed"},
    {"thumbprint", "connect x509-01 cert", "CONNACK 0", "key=\"primary thumbprint\""},
    {"a token outweighs a certificate", "connect bench-01 cert sr=" D1, "CONNACK 0", "key=primary"},
    {"no api-version in the user name", "connect bench-01 tail=", "CONNACK 0", "mqtt.connected"},
    {"api-version without the question mark", "connect bench-01 tail=/api-version=2016-11-14",
     "CONNACK 0", "api_version=2016-11-14"},
};

static void every_credential_has_its_answer(void **state)
{
    (void)state;
    ASSERT_TALKS("", credential_rows);
}

// ---- what ends a connection, and what is left of it

static const struct talk_row life_rows[] = {
    {"SAS: expired, still within the grace", EXPIRE "359", "CONNACK 0", "!sas.expired"},
    {"SAS: expired by the grace of 300 s", EXPIRE "360", "CONNACK 0 | FIN",
     "sas.expired after_s=300"},
    {"SAS: no grace by the option", "set sas_grace_s 0; " EXPIRE "60", "CONNACK 0 | FIN",
     "sas.expired after_s=0"},
    {"SAS: grace of 600 s by the option, within", "set sas_grace_s 600; " EXPIRE "659", "CONNACK 0",
     "!sas.expired"},
    {"SAS: grace of 600 s by the option, past", "set sas_grace_s 600; " EXPIRE "660",
     "CONNACK 0 | FIN", "sas.expired after_s=600"},
    {"SAS: a newer token on a newer connection", EXPIRE "30; connect bench-01; wait 360",
     "CONNACK 0 | FIN | 2:CONNACK 0 present", "!sas.expired"},
    {"device disabled while connected", "connect bench-01; disable bench-01", "CONNACK 0 | FIN",
     "mqtt.cut reason=disabled hub_code=403012"},
    {"duplicate: the newer connection wins", "connect bench-01; connect bench-01",
     "CONNACK 0 | FIN | 2:CONNACK 0 present", "mqtt.taken_over by_connection=2"},
    {"duplicate: a refused CONNECT disturbs nobody",
     "connect bench-01; connect bench-01 life=-999; wait 1", "CONNACK 0 | 2:CONNACK 5 | 2:FIN",
     "!mqtt.taken_over"},
    {"a device and its module side by side", "connect bench-01; connect bench-01/mod-a",
     "CONNACK 0 | 2:CONNACK 0", "!mqtt.taken_over"},
    {"keep-alive: 1.5 times its value", "connect bench-01 ka=60; wait 89", "CONNACK 0",
     "!mqtt.keepalive_expired"},
    {"keep-alive: silence beyond that", "connect bench-01 ka=60; wait 90", "CONNACK 0 | FIN",
     "mqtt.keepalive_expired after_s=90"},
    {"keep-alive: any packet counts",
     "connect bench-01 ka=60; wait 89; pub " EVENTS_TOPIC "; wait 89", "CONNACK 0",
     "!mqtt.keepalive_expired"},
    {"keep-alive 0: 1767 s", "connect bench-01 ka=0; wait 1766", "CONNACK 0",
     "!mqtt.keepalive_expired"},
    {"keep-alive above 1177 s: 1767 s", "connect bench-01 ka=1740; wait 1767", "CONNACK 0 | FIN",
     "mqtt.keepalive_expired after_s=1767"},
    {"clean 0: subscriptions and messages survive",
     "connect bench-01; sub " C2D_FILTER " 1; lost; c2d bench-01 = on; connect bench-01",
     "CONNACK 0 | SUBACK 1 | 2:CONNACK 0 present | 2:PUBLISH q1 #2 " C2D_TOPIC " on", NULL},
    {"clean 1: nothing comes before SUBSCRIBE",
     "connect bench-01; sub " C2D_FILTER " 1; lost; c2d bench-01 = on; connect bench-01 clean=1; "
     "queue bench-01",
     "CONNACK 0 | SUBACK 1 | 2:CONNACK 0 | queue: 1", NULL},
    {"will: stored when the connection is lost", "connect bench-01 will=" EVENTS_TOPIC "; lost",
     "CONNACK 0", "\"iothub-MessageType\":\"Will\""},
    {"will: stored when the keep-alive expires",
     "connect bench-01 ka=10 will=" EVENTS_TOPIC "; wait 15", "CONNACK 0 | FIN",
     "\"iothub-MessageType\":\"Will\""},
    {"will: stored after a broken packet", "connect bench-01 will=" EVENTS_TOPIC "; bytes F000",
     "CONNACK 0 | FIN", "\"iothub-MessageType\":\"Will\""},
    {"will: DISCONNECT discards it", "connect bench-01 will=" EVENTS_TOPIC "; disconnect",
     "CONNACK 0 | FIN", "!d2c.message"},
    {"will: stored when another connection takes over",
     "connect bench-01 will=" EVENTS_TOPIC "a=1; connect bench-01",
     "CONNACK 0 | FIN | 2:CONNACK 0 present", "\"a\":\"1\",\"iothub-MessageType\":\"Will\""},
    {"will: another device's topic is dropped",
     "connect bench-01 will=devices/bench-02/messages/events/; lost", "CONNACK 0",
     "the will is dropped"},
    {"will: with a bag that cannot be read it is dropped",
     "connect bench-01 will=" EVENTS_TOPIC "a=%4; lost", "CONNACK 0", "the will is dropped"},
    {"will: none after a refused CONNECT", "connect bench-01 life=-999 will=" EVENTS_TOPIC "; lost",
     "CONNACK 5 | FIN", "!d2c.message"},
    {"will: another topic is dropped", "connect bench-01 will=home; lost", "CONNACK 0",
     "the will is dropped"},
    {"half a CONNECT within 60 s: patience", "bytes 100D00044D51; wait 59", "", "!mqtt.error"},
    {"no CONNECT within 60 s: close", "bytes 100D00044D51; wait 60", "FIN", "within 60 s"},
};

static void every_end_of_a_connection_has_its_cause(void **state)
{
    (void)state;
    ASSERT_TALKS("", life_rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_has_its_connack),
        cmocka_unit_test(every_credential_has_its_answer),
        cmocka_unit_test(every_end_of_a_connection_has_its_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
