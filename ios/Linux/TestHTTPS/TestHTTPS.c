// libcurl is there wherever Foundation is; its headers need not be, so its few stable names are declared here.
#include "TestHTTPS.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum {
    OPT_WRITEDATA = 10001,
    OPT_URL = 10002,
    OPT_POSTFIELDS = 10015,
    OPT_HTTPHEADER = 10023,
    OPT_CAINFO = 10065,
    OPT_TIMEOUT = 13,
    OPT_NOSIGNAL = 99,
    OPT_WRITEFUNCTION = 20011,
    INFO_RESPONSE_CODE = 0x200002,
};

struct text {
    char *bytes;
    size_t length, capacity;
};

static size_t keep(char *bytes, size_t size, size_t count, void *into) {
    struct text *text = into;
    size_t room = text->capacity - 1 - text->length;
    size_t taken = size * count < room ? size * count : room;
    memcpy(text->bytes + text->length, bytes, taken);
    text->length += taken;
    text->bytes[text->length] = 0;
    return size * count;
}

long peel_test_post(const char *url, const char *ca_file, const char *bearer, const char *json, char *answer,
                    size_t capacity) {
    if (capacity == 0) return -1;
    answer[0] = 0;
    void *library = dlopen("libcurl.so.4", RTLD_NOW);
    if (!library) return -1;
    void *(*init)(void) = (void *(*)(void))dlsym(library, "curl_easy_init");
    int (*set)(void *, int, ...) = (int (*)(void *, int, ...))dlsym(library, "curl_easy_setopt");
    int (*perform)(void *) = (int (*)(void *))dlsym(library, "curl_easy_perform");
    int (*info)(void *, int, ...) = (int (*)(void *, int, ...))dlsym(library, "curl_easy_getinfo");
    void (*cleanup)(void *) = (void (*)(void *))dlsym(library, "curl_easy_cleanup");
    void *(*append)(void *, const char *) = (void *(*)(void *, const char *))dlsym(library, "curl_slist_append");
    void (*release)(void *) = (void (*)(void *))dlsym(library, "curl_slist_free_all");
    void *easy = init && set && perform && info && cleanup && append && release ? init() : NULL;
    if (!easy) return -1;
    char authorization[512];
    snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", bearer);
    void *headers = append(append(NULL, "Content-Type: application/json"), authorization);
    struct text text = {answer, 0, capacity};
    set(easy, OPT_URL, url);
    set(easy, OPT_CAINFO, ca_file);
    set(easy, OPT_HTTPHEADER, headers);
    set(easy, OPT_POSTFIELDS, json);
    set(easy, OPT_WRITEFUNCTION, keep);
    set(easy, OPT_WRITEDATA, &text);
    set(easy, OPT_TIMEOUT, 30L);
    set(easy, OPT_NOSIGNAL, 1L);
    long status = -1;
    if (perform(easy) != 0 || info(easy, INFO_RESPONSE_CODE, &status) != 0) status = -1;
    release(headers);
    cleanup(easy);
    return status;
}
