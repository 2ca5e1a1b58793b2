package org.peel.app

import android.annotation.SuppressLint
import android.content.res.Resources
import android.graphics.BitmapFactory
import androidx.compose.ui.graphics.asImageBitmap
import org.peel.app.alert.FaceDecoder
import org.peel.app.words.Phrase
import org.peel.app.words.Words

/** The wording from Android's resources. Names are looked up, so shrinking must keep them: see `res/raw/keep.xml`. */
@SuppressLint("DiscouragedApi")
class ResourceWords(private val resources: Resources, private val packageName: String) : Words {
    override fun text(phrase: Phrase, vararg arguments: Any): String =
        resources.getString(resources.getIdentifier(phrase.key, "string", packageName), *arguments)

    override fun count(phrase: Phrase, quantity: Long): String {
        val form = quantity.coerceIn(0, Int.MAX_VALUE.toLong()).toInt()
        return resources.getQuantityString(resources.getIdentifier(phrase.key, "plurals", packageName), form, quantity)
    }
}

/** Decodes faces on a phone. */
val bitmapFaceDecoder = FaceDecoder { face ->
    BitmapFactory.decodeByteArray(face.encoded, 0, face.encoded.size)?.asImageBitmap()
}
