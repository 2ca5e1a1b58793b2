// Not run here. The same sources as pom.xml builds, with androidx in place of the desktop artifacts, and src/android in
// place of src/jvm. The application itself, with its activity and key store, comes with platform/.
plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
    id("org.jetbrains.kotlin.plugin.compose")
}

android {
    namespace = "org.peel.app"
    compileSdk = 36
    defaultConfig { minSdk = 28 }
    buildFeatures { compose = true }
    sourceSets["main"].kotlin.srcDir("src/android/kotlin")
}

kotlin { jvmToolchain(17) }

dependencies {
    implementation(project(":shell"))
    // The releases that the desktop artifacts 1.5.12 are built from.
    implementation("androidx.compose.foundation:foundation:1.5.4")
    implementation("androidx.compose.material3:material3:1.1.2")
    implementation("androidx.compose.material:material-icons-core:1.5.4")
}
