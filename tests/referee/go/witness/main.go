// Verifies cosignatures (C2SP tlog-cosignature, type 0x04) on a checkpoint with golang.org/x/mod/sumdb/note:
// go run ./witness CHECKPOINT VKEY... (exit 0 each key has cosigned, 1 not, 2 wrong use).
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"golang.org/x/mod/sumdb/note"
	"os"
	"strings"
	"time"
)

const cosignature = 4

// cosigner is a note.Verifier for the one kind of line that the package does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }

// Verify takes eight bytes of the time and the signature over the time and the text.
func (c cosigner) Verify(text, line []byte) bool {
	if len(line) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(line), text)
	return ed25519.Verify(c.key, []byte(signed), line[8:])
}

func newCosigner(vkey string) (c cosigner, err error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return c, fmt.Errorf("not a verifier key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignature {
		return c, fmt.Errorf("not a cosigner's key")
	}
	hash := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	c = cosigner{parts[0], binary.BigEndian.Uint32(hash[:]), ed25519.PublicKey(key[1:])}
	if fmt.Sprintf("%08x", c.hash) != parts[1] {
		return c, fmt.Errorf("a key under another id")
	}
	return c, nil
}

// cosigned gives the time of each cosigner's line, in order, or why one is missing.
func cosigned(checkpoint []byte, vkeys []string) (times []time.Time, err error) {
	for _, vkey := range vkeys {
		key, err := newCosigner(vkey)
		if err != nil {
			return nil, err
		}
		opened, err := note.Open(checkpoint, note.VerifierList(key))
		if err != nil {
			return nil, err
		}
		line, err := base64.StdEncoding.DecodeString(opened.Sigs[0].Base64)
		if err != nil {
			return nil, err
		}
		times = append(times, time.Unix(int64(binary.BigEndian.Uint64(line[4:])), 0).UTC())
	}
	return times, nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: go run ./witness CHECKPOINT VKEY...")
		os.Exit(2)
	}
	checkpoint, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "the checkpoint cannot be read")
		os.Exit(2)
	}
	times, err := cosigned(checkpoint, os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, at := range times {
		fmt.Println("cosigned", at.Format(time.RFC3339))
	}
}
