"""What measuring says here: kinds of personal data, and places where it is found."""

from __future__ import annotations

from comporta.records import code

EMAIL = code("personal_data.email", "e-mail addresses")
IBANS = code("personal_data.iban", "IBANs")
TELEPHONE = code("personal_data.telephone", "telephone numbers")
SOCIAL_SECURITY_US = code("personal_data.social_security_us", "social security numbers (US)")
FISCAL_CODE_IT = code("personal_data.fiscal_code_it", "fiscal codes (IT)")
CPF_BR = code("personal_data.cpf_br", "CPF numbers (BR)")
CARD = code("personal_data.card", "card numbers")
DNI_NIE_ES = code("personal_data.dni_nie_es", "DNI or NIE numbers (ES)")
NIR_FR = code("personal_data.nir_fr", "NIR numbers (FR)")
NIF_PT = code("personal_data.nif_pt", "NIF numbers (PT)")
BSN_NL = code("personal_data.bsn_nl", "BSN numbers (NL)")
TAX_DE = code("personal_data.tax_de", "tax numbers (DE)")
BY_ITS_NAME = code("personal_data.by_its_name", "its name")

ANSWER = code("personal_data.in_answer", "answer")
MODEL = code("personal_data.in_model", "the kept model")
ONNX = code("personal_data.in_onnx", "the ONNX export")
