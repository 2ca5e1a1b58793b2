package main

import (
	"encoding/base64"
	"os"
	"regexp"
	"strings"
	"testing"
)

const vectors = "../../../vectors/ledger"

// cosignedByGateway is a phone's checkpoint with the gateway's cosignature, and its key: the same kind of line as a
// witness's on the force log, which tests/referee/python/witness has made by a witness of others.
func cosignedByGateway(t *testing.T) ([]byte, string) {
	checkpoint, err := os.ReadFile(vectors + "/bundle/logs/e1/checkpoint")
	trust, unread := os.ReadFile(vectors + "/trust.toml")
	key := regexp.MustCompile(`(?m)^gateway = "(.*)"$`).FindStringSubmatch(string(trust))
	if err != nil || unread != nil || key == nil {
		t.Fatal("vectors")
	}
	return checkpoint, key[1]
}

func TestACosignatureVerifiesByItsKeyAlone(t *testing.T) {
	checkpoint, key := cosignedByGateway(t)
	if times, err := cosigned(checkpoint, []string{key}); err != nil || len(times) != 1 {
		t.Fatalf("%v %v", times, err)
	}
	raw, _ := base64.StdEncoding.DecodeString(key[strings.LastIndex(key, "+")+1:])
	raw[1] ^= 1
	for _, bad := range []string{"", "a", "a+b+c", key + "A", key[:strings.LastIndex(key, "+")+1] + base64.StdEncoding.EncodeToString(raw)} {
		if _, err := cosigned(checkpoint, []string{bad}); err == nil {
			t.Errorf("verified by %q", bad)
		}
	}
}

func TestEveryChangedByteOfTextAndLineIsFound(t *testing.T) {
	checkpoint, key := cosignedByGateway(t)
	text, lines, _ := strings.Cut(string(checkpoint), "\n\n")
	name := key[:strings.Index(key, "+")]
	own := ""
	for _, line := range strings.SplitAfter(lines, "\n") {
		if strings.HasPrefix(line, "\u2014 "+name+" ") {
			own = strings.TrimSpace(line[strings.LastIndex(line, " "):])
		}
	}
	alone := func(text, signature string) []byte {
		return []byte(text + "\n\n\u2014 " + name + " " + signature + "\n")
	}
	if _, err := cosigned(alone(text, own), []string{key}); err != nil {
		t.Fatal(err)
	}
	for at := range text {
		changed := []byte(text)
		changed[at] ^= 1
		if _, err := cosigned(alone(string(changed), own), []string{key}); err == nil {
			t.Errorf("text, byte %d", at)
		}
	}
	raw, _ := base64.StdEncoding.DecodeString(own)
	for at := range raw { // key id, time, signature
		changed := append([]byte{}, raw...)
		changed[at] ^= 1
		if _, err := cosigned(alone(text, base64.StdEncoding.EncodeToString(changed)), []string{key}); err == nil {
			t.Errorf("line, byte %d", at)
		}
	}
}
