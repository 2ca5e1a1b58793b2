// Not run here. The library of each ABI is put into jniLibs by cargo-ndk:
//   cargo ndk -t arm64-v8a -o android/bindings/jniLibs build --release -p peel-companion
plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "org.peel.core"
    compileSdk = 36
    defaultConfig { minSdk = 28 }
    sourceSets["main"].kotlin.srcDir("../../target/bindings/kotlin")
    sourceSets["main"].jniLibs.srcDir("jniLibs")
}

kotlin { jvmToolchain(17) }

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.8.1")
    implementation("net.java.dev.jna:jna:5.17.0@aar")
}
