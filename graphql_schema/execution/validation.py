"""The rules that documents are validated by: those of graphql-core, two of them with changes of ours."""

from graphql import (
    SKIP,
    ArgumentNode,
    ASTValidationRule,
    GraphQLInputType,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableDefinitionNode,
    VisitorAction,
    specified_rules,
)

from graphql_schema.core.errors import SchemaError
from graphql_schema.execution.misfits import misfits, way


class ValuesFitRule(ValuesOfCorrectTypeRule):
    """The rule of graphql-core, in our words, with the way to what is wrong."""

    name = ""
    """The argument or the variable whose value is looked at."""

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        """Note whose value comes next."""
        self.name = node.name.value

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        """Note whose default comes next."""
        self.name = node.variable.name.value

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Report what is wrong with a value in the document."""
        for misfit in misfits(node, input_type) if input_type else ():
            at = way(self.name, misfit.path)
            self.report_error(SchemaError(misfit.reason, misfit.node, discreet="This value does not fit.", at=at))
        return SKIP


class FieldsMergeRule(OverlappingFieldsCanBeMergedRule):
    """The rule of graphql-core, with a budget of its own: the library's is up to half a second."""

    budget = 20_000
    """Fields under one key are compared in pairs: those of fifty fragments that ask for the same are within it."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = self.budget


OURS: dict[type[ASTValidationRule], type[ASTValidationRule]] = {
    ValuesOfCorrectTypeRule: ValuesFitRule,
    OverlappingFieldsCanBeMergedRule: FieldsMergeRule,
}
RULES = [OURS.get(rule, rule) for rule in specified_rules]
"""The rules that documents are validated by."""
