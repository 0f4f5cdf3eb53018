"""Spanish: its severe phrases, and how people ask. No scorer knows it."""

from handlers.rules.kinds import Kind
from handlers.rules.languages import Language

LANGUAGE = Language(
    name="Spanish",
    code="es",
    phrases={
        Kind.SAFETY: """
            explotó, ha explotado, se incendió, se prendió fuego, en llamas, al hospital, en el hospital,
            descarga eléctrica, reacción alérgica, intoxicación alimentaria, quemaduras, es peligroso, herido,
            me quemé""",
        Kind.FRAUD: """
            estafa, estafas, estafado, estafadores, me robaron, ladrones, cobrado dos veces, cobraron dos veces,
            cargo no autorizado""",
        Kind.LEGAL: """
            abogado, abogados, voy a demandar, vamos a demandar, voy a denunciar, denunciaros, ante el juez,
            hoja de reclamaciones""",
        Kind.PRIVACY: """
            filtración de datos, mis datos personales, cuenta hackeada, hackearon mi cuenta""",
        Kind.LEAVING: """
            nunca más, me doy de baja, darme de baja, cambiar de compañía, cambio de compañía, no lo recomiendo,
            no los recomiendo, no recomiendo""",
        Kind.FAILURE: """
            no funciona, dejó de funcionar, está roto, está rota, reembolso, devolución, no ha llegado, no llegó,
            nadie contesta, sin respuesta""",
        Kind.ASK: """
            necesito ayuda, ayuda por favor, pueden ayudarme, me pueden ayudar, podrían ayudarme, alguien sabe,
            alguien puede, cómo puedo, dónde está mi, cuándo llega, cuándo van a, por qué no, espero respuesta,
            espero su respuesta, quiero saber""",
    },
)
