#!/bin/sh
# Builds the core for devices and the simulator and lays `ios/Generated` out for Xcode. For a Mac; not yet run on one.
set -eu
cd "$(dirname "$0")/.."
generated=ios/Generated
for target in aarch64-apple-ios aarch64-apple-ios-sim; do
    cargo build --locked --release --package peel-companion --no-default-features --target "$target"
done
rm -rf "$generated"
mkdir -p "$generated/Core" "$generated/include"
cargo run --quiet --package peel-bindgen -- generate --language swift --no-format --config uniffi.toml \
    --out-dir "$generated/include" target/aarch64-apple-ios/release/libpeel_companion.a
mv "$generated/include/PeelCore.swift" "$generated/Core/"
mv "$generated/include/PeelCoreFFI.modulemap" "$generated/include/module.modulemap"
xcodebuild -create-xcframework \
    -library target/aarch64-apple-ios/release/libpeel_companion.a -headers "$generated/include" \
    -library target/aarch64-apple-ios-sim/release/libpeel_companion.a -headers "$generated/include" \
    -output "$generated/PeelCoreFFI.xcframework"
