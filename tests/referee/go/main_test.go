package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const vectors = "../../vectors/ledger"

var passed, failed int

func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	os.Exit(code)
}

// program builds the referee once for a test.
func program(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "referee")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

func expect(t *testing.T, what string, sound bool) {
	if sound {
		passed++
	} else {
		failed++
		t.Errorf("%s", what)
	}
}

func list(t *testing.T, folder string) (paths []string) {
	err := filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func copied(t *testing.T) string {
	to := t.TempDir()
	for _, path := range list(t, vectors+"/bundle") {
		name, _ := filepath.Rel(vectors+"/bundle", path)
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func TestSoundBundlePasses(t *testing.T) {
	out, err := exec.Command(program(t), vectors+"/bundle", vectors+"/trust.toml").CombinedOutput()
	expect(t, fmt.Sprintf("sound bundle: %v\n%s", err, out), err == nil)
}

func TestChangedBundleFails(t *testing.T) {
	run, bundle := program(t), copied(t)
	good := func() bool { return exec.Command(run, bundle, vectors+"/trust.toml").Run() == nil }
	for _, path := range list(t, bundle) {
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		step := len(sound)/40 + 1
		for at := 0; at < len(sound); at += step {
			changed := append([]byte{}, sound...)
			changed[at] ^= 1 << (at % 8)
			os.WriteFile(path, changed, 0o644)
			expect(t, fmt.Sprintf("changed byte %d of %s passes", at, filepath.Base(path)), !good())
		}
		os.Remove(path)
		expect(t, "missing "+filepath.Base(path)+" passes", !good())
		os.WriteFile(path, sound, 0o644)
	}
	os.WriteFile(filepath.Join(bundle, "extra"), nil, 0o644)
	expect(t, "an additional file passes", !good())
	os.Remove(filepath.Join(bundle, "extra"))
	expect(t, "restored bundle fails", good())
}

func TestWrongUseIsToldApartFromATamperedBundle(t *testing.T) {
	run, bundle, trust := program(t), copied(t), vectors+"/trust.toml"
	code := func(args ...string) int {
		command := exec.Command(run, args...)
		command.Run()
		return command.ProcessState.ExitCode()
	}
	for _, args := range [][]string{{}, {"--help"}, {bundle}, {bundle, bundle + "/none"}, {t.TempDir(), trust}, {bundle + "/none", trust}} {
		expect(t, fmt.Sprintf("%d arguments are not wrong use", len(args)), code(args...) == 2)
	}
	expect(t, "a sound bundle is not good", code(bundle, trust) == 0)
	os.Remove(filepath.Join(bundle, "manifest.note"))
	expect(t, "a bundle without its manifest is not tampered", code(bundle, trust) == 1)
}

func TestSlackBase64OfTheManifestFails(t *testing.T) {
	run, bundle := program(t), copied(t)
	path := filepath.Join(bundle, "manifest.note")
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The last digit before the padding has slack bits: every other letter must be refused.
	at := len(sound) - 3
	for letter := byte('A'); letter <= 'Z'; letter++ {
		changed := append([]byte{}, sound...)
		if changed[at] = letter; sound[at] != letter {
			os.WriteFile(path, changed, 0o644)
			expect(t, "slack base64 passes", exec.Command(run, bundle, vectors+"/trust.toml").Run() != nil)
		}
	}
}
