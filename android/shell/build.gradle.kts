// Not run here. An Android library only because the bindings are one; its sources name nothing of Android.
plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "org.peel.shell"
    compileSdk = 36
    defaultConfig { minSdk = 28 }
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(project(":bindings"))
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.8.1")
}
