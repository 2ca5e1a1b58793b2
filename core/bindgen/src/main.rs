//! The UniFFI generator: reads the built library, writes Kotlin and Swift.
fn main() {
    uniffi::uniffi_bindgen_main();
}
