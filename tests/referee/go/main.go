// Checks a Peel bundle with golang.org/x/mod/sumdb alone: go run . BUNDLE TRUST.toml (exit 0 good, 1 not, 2 wrong use).
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"io/fs"
	"log"
	"math"
	"os"
	"regexp"
	"strings"
)

var files, leaves = map[string][]byte{}, map[string][]string{}

func must(ok bool, what string, args ...any) {
	if !ok {
		log.Fatalf("tampered: "+what, args...)
	}
}

// open verifies a note by one key and refuses any signature line with a second base64 form.
func open(path, key string) string {
	verifier, err := note.NewVerifier(key)
	must(err == nil, "trust file: %v", err)
	signed, err := note.Open(files[path], note.VerifierList(verifier))
	must(err == nil, "%s: %v", path, err)
	for _, line := range append(signed.Sigs, signed.UnverifiedSigs...) {
		raw, _ := base64.StdEncoding.DecodeString(line.Base64)
		must(base64.StdEncoding.EncodeToString(raw) == line.Base64, "%s: slack base64", path)
	}
	return signed.Text
}

// read gives the entries of a log of size entries, and the root recomputed from them.
func read(folder string, size int64) (entries []string, root tlog.Hash) {
	stored, bundle := []tlog.Hash{}, []byte{}
	reader := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, err error) {
		for _, i := range at {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for n := int64(0); n < size; n++ {
		if n%256 == 0 {
			tile := tlog.Tile{H: 8, L: -1, N: n / 256, W: int(math.Min(256, float64(size-n)))}
			must(len(bundle) == 0, "%s: bytes left in a bundle", folder)
			bundle = files[folder+strings.Replace(tile.Path(), "tile/8/data", "tile/entries", 1)]
		}
		must(len(bundle) >= 2 && len(bundle) >= 2+int(binary.BigEndian.Uint16(bundle)), "%s: entry %d", folder, n)
		entry := bundle[2 : 2+int(binary.BigEndian.Uint16(bundle))]
		hashes, _ := tlog.StoredHashes(n, entry, reader)
		entries, stored, bundle = append(entries, string(entry)), append(stored, hashes...), bundle[2+len(entry):]
	}
	root, err := tlog.TreeHash(size, reader)
	must(err == nil && len(bundle) == 0, "%s: tree", folder)
	return entries, root
}

func main() {
	args := append(os.Args, "", "", "") // one that was not given is a file that is not there
	trust, unread := os.ReadFile(args[2])
	err := fs.WalkDir(os.DirFS(args[1]), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[path], err = fs.ReadFile(os.DirFS(args[1]), path)
		}
		return err
	})
	if unread != nil || files["logs/log/checkpoint"] == nil {
		fmt.Fprintln(os.Stderr, "usage: go run . BUNDLE TRUST.toml (BUNDLE has the folder logs; both can be read)")
		os.Exit(2)
	}
	keys := regexp.MustCompile(`(?m)^(manifest|force_log|key) = "(([^+"]*)[^"]*)"$`).FindAllStringSubmatch(string(trust), -1)
	must(err == nil && len(keys) > 2 && keys[0][1] == "manifest" && keys[1][1] == "force_log", "bundle or trust file")
	lines := strings.Split(open("manifest.note", keys[0][2]), "\n")
	for _, line := range lines[3 : len(lines)-1] {
		must(fmt.Sprintf("%x ", sha256.Sum256(files[line[65:]])) == line[:65], "file changed: %s", line[65:])
	}
	must(len(files) == len(lines)-3, "a file is not in the manifest") // each named file is there, besides the manifest
	for _, key := range keys[1:] {
		origin, folder, size, last := key[3], "logs/"+key[3][strings.LastIndex(key[3], "/")+1:]+"/", int64(0), ""
		text := open(folder+"checkpoint", key[2])
		fmt.Sscanf(text, origin+"\n%d\n", &size)
		entries, root := read(folder, size)
		must(text == fmt.Sprintf("%s\n%d\n%v\n", origin, size, root), "%s: checkpoint and entries differ", origin)
		leaves[key[1]] = entries
		for _, leaf := range leaves["force_log"] { // in CBOR: [origin, size, root, ...]; after the origin the head of a number
			if at := strings.Index(leaf, origin); at > 0 && leaf[0] == 0x85 && leaf[at+len(origin)] < 0x20 {
				last = leaf[at:]
			}
		}
		must(key[1] != "key" || strings.Contains(last, string(root[:])), "%s: not accepted last", origin)
		fmt.Printf("good: %s, %d entries\n", origin, size)
	}
}
