"""The vocabulary of facts as plain constants: reading a member of an enumeration costs a tenth of
a microsecond and more, which a walk over millions of nodes cannot spare."""

from prism.domain.facts.structure import (
    Erased,
    FlowKind,
    Guard,
    ImportForm,
    Role,
    SymbolFlag,
    SymbolKind,
    Timing,
    Visibility,
)

ROLE_CALL = Role.CALL.value
ROLE_READ = Role.READ.value
ROLE_WRITE = Role.WRITE.value
ROLE_TYPE = Role.TYPE.value
ROLE_BASE = Role.BASE.value
ROLE_DECORATOR = Role.DECORATOR.value
ROLE_STRING = Role.STRING.value
ROLES = tuple(role.value for role in Role)

FLOW_ASSIGN = FlowKind.ASSIGN.value
FLOW_PARAMETER = FlowKind.PARAMETER.value
FLOW_ARGUMENT = FlowKind.ARGUMENT.value
FLOW_RETURN = FlowKind.RETURN.value
FLOW_STORE = FlowKind.STORE.value

GUARD_NONE = Guard.NONE.value
GUARD_TRY = Guard.TRY.value
GUARD_TYPE_CHECKING = Guard.TYPE_CHECKING.value
GUARD_PLATFORM = Guard.PLATFORM.value

KIND_MODULE = SymbolKind.MODULE.value
KIND_CLASS = SymbolKind.CLASS.value
KIND_INTERFACE = SymbolKind.INTERFACE.value
KIND_STRUCT = SymbolKind.STRUCT.value
KIND_ENUM = SymbolKind.ENUM.value
KIND_TRAIT = SymbolKind.TRAIT.value
KIND_TYPE_ALIAS = SymbolKind.TYPE_ALIAS.value
KIND_FUNCTION = SymbolKind.FUNCTION.value
KIND_METHOD = SymbolKind.METHOD.value
KIND_CONSTRUCTOR = SymbolKind.CONSTRUCTOR.value
KIND_PROPERTY = SymbolKind.PROPERTY.value
KIND_CONSTANT = SymbolKind.CONSTANT.value
KIND_VARIABLE = SymbolKind.VARIABLE.value

FLAG_OVERLOAD = int(SymbolFlag.OVERLOAD)
FLAG_PROPERTY = int(SymbolFlag.PROPERTY)
FLAG_CONDITIONAL = int(SymbolFlag.CONDITIONAL)
FLAG_ASYNC = int(SymbolFlag.ASYNC)
FLAG_STATIC = int(SymbolFlag.STATIC)
FLAG_CLASSMETHOD = int(SymbolFlag.CLASSMETHOD)
FLAG_ABSTRACT = int(SymbolFlag.ABSTRACT)
FLAG_EXPORTED = int(SymbolFlag.EXPORTED)
FLAG_DEFAULT_EXPORT = int(SymbolFlag.DEFAULT_EXPORT)
FLAG_GENERATOR = int(SymbolFlag.GENERATOR)
FLAG_NONE = int(SymbolFlag.NONE)

TIMING_EAGER = Timing.EAGER.value
TIMING_DEFERRED = Timing.DEFERRED.value

FORM_IMPORT = ImportForm.IMPORT.value
FORM_REEXPORT = ImportForm.REEXPORT.value
FORM_REQUIRE = ImportForm.REQUIRE.value
FORM_DYNAMIC = ImportForm.DYNAMIC.value
FORM_SIDE_EFFECT = ImportForm.SIDE_EFFECT.value

ERASED_NO = Erased.NO.value
ERASED_SYNTAX = Erased.SYNTAX.value
ERASED_USE = Erased.USE.value

VISIBILITY_PUBLIC = Visibility.PUBLIC.value
VISIBILITY_PROTECTED = Visibility.PROTECTED.value
VISIBILITY_PRIVATE = Visibility.PRIVATE.value
