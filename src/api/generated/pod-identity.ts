// Made from config/pod-identity/v1 by `npm run generate`; change that folder instead.

/** The policy, and after it its bindings. */
export const podIdentityManifests = [
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "MutatingAdmissionPolicy",
    "metadata": {
      "name": "irsa-pod-identity"
    },
    "spec": {
      "failurePolicy": "Fail",
      "reinvocationPolicy": "IfNeeded",
      "paramKind": {
        "apiVersion": "v1",
        "kind": "ServiceAccount"
      },
      "matchConstraints": {
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {
          "matchExpressions": [
            {
              "key": "eks.amazonaws.com/skip-pod-identity-webhook",
              "operator": "DoesNotExist"
            }
          ]
        },
        "resourceRules": [
          {
            "apiGroups": [
              ""
            ],
            "apiVersions": [
              "v1"
            ],
            "operations": [
              "CREATE"
            ],
            "resources": [
              "pods"
            ],
            "scope": "*"
          }
        ]
      },
      "matchConditions": [
        {
          "name": "service-account-of-the-pod-with-a-role",
          "expression": "params.metadata.name == object.spec.?serviceAccountName.orValue('') && params.metadata.?annotations[?'eks.amazonaws.com/role-arn'].orValue('') != ''"
        }
      ],
      "variables": [
        {
          "name": "region",
          "expression": "''"
        },
        {
          "name": "role",
          "expression": "string(params.metadata.annotations['eks.amazonaws.com/role-arn'])"
        },
        {
          "name": "audience",
          "expression": "params.metadata.annotations[?'eks.amazonaws.com/audience'].orValue('sts.amazonaws.com')"
        },
        {
          "name": "regionalSTS",
          "expression": "params.metadata.annotations[?'eks.amazonaws.com/sts-regional-endpoints'].orValue('') in ['1', 't', 'T', 'true', 'TRUE', 'True']"
        },
        {
          "name": "expiration",
          "expression": "[object.metadata.?annotations[?'eks.amazonaws.com/token-expiration'].orValue(''), params.metadata.annotations[?'eks.amazonaws.com/token-expiration'].orValue(''), '86400'] .filter(text, text.matches('^[+-]?[0-9]{1,18}$')) .map(text, int(text) < 600 ? 600 : int(text))[0]"
        },
        {
          "name": "skipLine",
          "expression": "(object.metadata.?annotations[?'eks.amazonaws.com/skip-containers'].orValue('').split('\\n') .filter(line, line != '') + [''])[0].split(',')"
        },
        {
          "name": "skipped",
          "expression": "variables.skipLine.all(name, !name.contains('\"') || name.matches('^\"[^\"]*\"$')) ? variables.skipLine.map(name, name.replace('\"', '')) : []"
        },
        {
          "name": "mountPath",
          "expression": "'/var/run/secrets/eks.amazonaws.com/serviceaccount'"
        },
        {
          "name": "tokenFile",
          "expression": "['kubernetes.io/os', 'beta.kubernetes.io/os'].exists(key, object.spec.?nodeSelector[?key].orValue('') == 'windows') ? 'C:' + (variables.mountPath + '/token').replace('/', '\\\\') : variables.mountPath + '/token'"
        },
        {
          "name": "groups",
          "expression": "{'sts': ['AWS_STS_REGIONAL_ENDPOINTS'], 'region': ['AWS_REGION', 'AWS_DEFAULT_REGION'], 'role': ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE']}"
        },
        {
          "name": "containers",
          "expression": "object.spec.containers.transformList(index, container, {'path': dyn('/spec/containers/' + string(index)), 'spec': dyn(container)}) + object.spec.?initContainers.orValue([]).transformList(index, container, {'path': dyn('/spec/initContainers/' + string(index)), 'spec': dyn(container)})"
        },
        {
          "name": "targets",
          "expression": "variables.containers.filter(each, !(each.spec.name in variables.skipped)).map(each, {'path': each.path, 'spec': each.spec, 'lacks': dyn(['sts', 'region', 'role'].filter(group, !each.spec.?env.orValue([]).exists(variable, variable.name in variables.groups[group])))}) .filter(target, target.lacks != [])"
        }
      ],
      "mutations": [
        {
          "patchType": "JSONPatch",
          "jsonPatch": {
            "expression": "(object.spec.?volumes.orValue([]).exists(volume, volume.name == 'aws-iam-token') ? [] : (has(object.spec.volumes) ? [] : [JSONPatch{op: 'add', path: '/spec/volumes', value: []}]) + [JSONPatch{op: 'add', path: '/spec/volumes/0', value: Object.spec.volumes{name: 'aws-iam-token', projected: Object.spec.volumes.projected{sources: [Object.spec.volumes.projected.sources{ serviceAccountToken: Object.spec.volumes.projected.sources.serviceAccountToken{ audience: variables.audience, expirationSeconds: variables.expiration, path: 'token'}}]}}}]) + variables.targets.filter(target, !has(target.spec.env)).map(target, JSONPatch{op: 'add', path: target.path + '/env', value: []}) + variables.targets.filter(target, variables.regionalSTS && 'sts' in target.lacks).map(target, JSONPatch{op: 'add', path: target.path + '/env/-', value: {'name': 'AWS_STS_REGIONAL_ENDPOINTS', 'value': 'regional'}}) + variables.targets.filter(target, variables.region != '' && 'region' in target.lacks).map(target, JSONPatch{op: 'add', path: target.path + '/env/-', value: {'name': 'AWS_DEFAULT_REGION', 'value': variables.region}}) + variables.targets.filter(target, variables.region != '' && 'region' in target.lacks).map(target, JSONPatch{op: 'add', path: target.path + '/env/-', value: {'name': 'AWS_REGION', 'value': variables.region}}) + variables.targets.filter(target, 'role' in target.lacks).map(target, JSONPatch{op: 'add', path: target.path + '/env/-', value: {'name': 'AWS_ROLE_ARN', 'value': variables.role}}) + variables.targets.filter(target, 'role' in target.lacks).map(target, JSONPatch{op: 'add', path: target.path + '/env/-', value: {'name': 'AWS_WEB_IDENTITY_TOKEN_FILE', 'value': variables.tokenFile}}) + variables.targets.filter(target, !has(target.spec.volumeMounts)).map(target, JSONPatch{op: 'add', path: target.path + '/volumeMounts', value: []}) + variables.targets.filter(target, !target.spec.?volumeMounts.orValue([]).exists(mount, mount.name == 'aws-iam-token')) .map(target, JSONPatch{op: 'add', path: target.path + '/volumeMounts/-', value: Object.spec.containers.volumeMounts{name: 'aws-iam-token', mountPath: variables.mountPath, readOnly: true}})"
          }
        }
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "MutatingAdmissionPolicyBinding",
    "metadata": {
      "name": "irsa-pod-identity"
    },
    "spec": {
      "policyName": "irsa-pod-identity",
      "paramRef": {
        "selector": {
          "matchLabels": {
            "irsa.giantswarm.io/pod-identity": "true"
          }
        },
        "parameterNotFoundAction": "Allow"
      }
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "MutatingAdmissionPolicyBinding",
    "metadata": {
      "name": "irsa-pod-identity-annotated"
    },
    "spec": {
      "policyName": "irsa-pod-identity",
      "paramRef": {
        "selector": {},
        "parameterNotFoundAction": "Allow"
      },
      "matchResources": {
        "matchPolicy": "Equivalent",
        "namespaceSelector": {
          "matchLabels": {
            "irsa.giantswarm.io/pod-identity": "true"
          }
        },
        "objectSelector": {}
      }
    }
  }
] as const;
