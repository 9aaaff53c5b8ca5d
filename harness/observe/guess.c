// SPDX-License-Identifier: MIT
// What a profile suggests: the SDK behind it, and the suites that fit.
#include "harness/observe/profile.h"

#include <string.h>

// The product that an SDK puts into the user name; longer words above those that they contain.
static const struct {
    const char *word, *sdk;
} products[] = {
    {"azure-iot-device-iothub-py", "Microsoft's Python SDK (azure-iot-device)"},
    {"azure-iot-device-provisioning-py", "Microsoft's Python SDK (azure-iot-device)"},
    {"azure-iot-device", "Microsoft's Node SDK (azure-iot-device)"},
    {"com.microsoft.azure.sdk.iot", "Microsoft's Java SDK (iot-device-client)"},
    {"Microsoft.Azure.Devices.Client", "Microsoft's C# SDK (Microsoft.Azure.Devices.Client)"},
    {".NET/", "Microsoft's C# SDK (Microsoft.Azure.Devices.Client)"},
    {"iothubclient", "Microsoft's C SDK (azure-iot-sdk-c)"},
    {"azsdk-zephyr", "Azure SDK for embedded C on Zephyr"},
    {"ard;", "Azure SDK for embedded C on Arduino"},
    {"FreeRTOS", "Azure IoT middleware for FreeRTOS"},
    {"ThreadX", "Azure IoT middleware for ThreadX (Azure RTOS)"},
    {"AzureRTOS", "Azure IoT middleware for ThreadX (Azure RTOS)"},
    {"c/1.", "Azure SDK for embedded C (azure-sdk-for-c)"},
};

const char *profile_sdk(const struct profile *p)
{
    for (size_t i = 0; i < HR_COUNT_OF(products); i++) {
        if (strstr(p->product, products[i].word)) {
            return products[i].sdk;
        }
    }
    return p->product[0] ? "unknown: its product is in no table"
                         : "none of Microsoft's: the user name tells no DeviceClientType";
}

static bool subscribes(const struct profile *p, const char *part)
{
    for (size_t i = 0; i < p->filter_count; i++) {
        if (strstr(p->filters[i], part)) {
            return true;
        }
    }
    return false;
}

static bool always(const struct profile *p)
{
    return p->sessions > 0;
}

static bool sends(const struct profile *p)
{
    return p->telemetry.count > 0;
}

static bool is_quiet(const struct profile *p)
{
    return p->sessions > 0 && p->telemetry.count == 0;
}

static bool takes_messages(const struct profile *p)
{
    return subscribes(p, "messages/devicebound");
}

static bool has_twin(const struct profile *p)
{
    return subscribes(p, "$iothub/twin/") || p->twin_reads || p->twin_reports;
}

static bool has_methods(const struct profile *p)
{
    return subscribes(p, "$iothub/methods/");
}

static bool is_provisioned(const struct profile *p)
{
    return p->uses_dps;
}

static bool has_tls(const struct profile *p)
{
    return p->ja3[0] != '\0';
}

static const struct {
    const char *name, *reason;
    bool (*fits)(const struct profile *p);
} suites[] = {
    {"smoke", "for every device", has_tls},
    {"tls", "it verifies certificates, or should", has_tls},
    {"rollover", "its hub's chain will change", has_tls},
    {"auth", "it connected", always},
    {"reconnect", "it connected, and will lose connections", always},
    {"d2c", "it sends telemetry", sends},
    {"quiet", "it sent no telemetry", is_quiet},
    {"c2d", "it subscribes to messages from the cloud", takes_messages},
    {"twin", "it uses its twin", has_twin},
    {"method", "it subscribes to direct methods", has_methods},
    {"dps", "it registers with the provisioning service", is_provisioned},
};

size_t profile_suites(const struct profile *p, struct profile_suite out[PROFILE_SUITES_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < HR_COUNT_OF(suites) && count < PROFILE_SUITES_MOST; i++) {
        if (suites[i].fits(p)) {
            out[count++] = (struct profile_suite){suites[i].name, suites[i].reason};
        }
    }
    return count;
}
