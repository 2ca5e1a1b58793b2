package org.peel.app.alert

import androidx.compose.ui.graphics.toComposeImageBitmap
import org.jetbrains.skia.Image
import org.peel.shell.alert.FaceImage

/** Decodes faces on a JVM. */
val skiaFaceDecoder = FaceDecoder { face: FaceImage ->
    try {
        Image.makeFromEncoded(face.encoded).toComposeImageBitmap()
    } catch (_: IllegalArgumentException) {
        null
    }
}
